"""Alternatives to an artifact of emoray, made by their own tools and measured in the same run."""
