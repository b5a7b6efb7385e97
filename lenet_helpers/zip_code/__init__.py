"""Lesson 13: fields of five digits, composed from single ones, and how they are read, to be seen.

How they are read stands in the lesson itself; reading.py is for the panel alone.
"""

from lenet_helpers.zip_code.fields import Fields, compose, to_field
from lenet_helpers.zip_code.pictures import field_rows, scores_over_field
from lenet_helpers.zip_code.view import FieldView

__all__ = ["FieldView", "Fields", "compose", "field_rows", "scores_over_field", "to_field"]
