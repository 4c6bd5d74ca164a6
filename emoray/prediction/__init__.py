"""Texts in files, scored by an artifact: found, cut into parts, scored, written as tables."""
