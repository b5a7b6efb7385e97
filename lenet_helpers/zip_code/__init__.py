"""Fields of five digits, and pictures of how they are read, for lesson 13.

How they are read stands in the lesson itself; reading.py is for the panel alone.
"""

from lenet_helpers.zip_code.fields import Fields, compose, to_field
from lenet_helpers.zip_code.pictures import field_rows, scores_over_field
from lenet_helpers.zip_code.view import FieldView

__all__ = ["FieldView", "Fields", "compose", "field_rows", "scores_over_field", "to_field"]
