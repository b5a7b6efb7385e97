"""Data sets: `choice` turns a name into one of `catalog`'s and its images, `batches` into batches.

Its files lie in one of `places`, or come by `downloads`, and `files` reads them; `own` reads data
of one's own.
"""
