"""The one check of what enters, at every door: networks, images, labels, scores, batches.

What can be meant is made to work. Whatever else came, a `SettingError` says what it was, what is
expected, and which line mends it.
"""
