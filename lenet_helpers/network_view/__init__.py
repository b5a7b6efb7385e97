"""A living network: a picture goes in, and every number says where it comes from."""

from lenet_helpers.network_view.letters import printed_letters
from lenet_helpers.network_view.reading import Reading, read_drawing
from lenet_helpers.network_view.refuse import Refusal
from lenet_helpers.network_view.widget import NetworkView

__all__ = ["NetworkView", "Reading", "Refusal", "printed_letters", "read_drawing"]
