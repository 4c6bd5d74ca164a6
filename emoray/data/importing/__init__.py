"""Import corpora from the usual formats: read, split, check, keep in emoray's form."""
