"""The static web copy of the lessons: `python -m web.build` writes it into `_site/`."""
