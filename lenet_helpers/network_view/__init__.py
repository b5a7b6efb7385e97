"""A living network: a picture goes in, and every number says where it comes from."""
