"""Rows of a finished run made again: from their artifact, or from nothing but their spec."""
