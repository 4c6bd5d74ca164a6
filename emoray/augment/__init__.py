"""Augment training texts by back-translation, and filter the results."""
