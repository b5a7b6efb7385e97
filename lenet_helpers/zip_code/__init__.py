"""Fields of five digits, and pictures of how they are read; lesson 13 itself reads them."""

from lenet_helpers.zip_code.fields import Fields, compose, to_field
from lenet_helpers.zip_code.pictures import field_rows, scores_over_field

__all__ = ["Fields", "compose", "field_rows", "scores_over_field", "to_field"]
