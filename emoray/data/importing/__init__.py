"""A corpus of one's own: read from the usual formats, split, checked, kept in emoray's form."""
