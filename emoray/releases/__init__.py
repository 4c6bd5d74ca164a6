"""Versions of a model: artifacts by their SHA-256, an append-only history, aliases in it."""
