"""A living network: a picture goes in, and every number says where it comes from."""

__all__ = ["NetworkView"]


def __getattr__(name: str):
    if name != "NetworkView":
        raise AttributeError(f"module 'lenet_helpers.network_view' has no attribute {name!r}")
    from lenet_helpers.network_view.widget import NetworkView  # which needs the panels

    return NetworkView
