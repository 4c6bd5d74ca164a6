"""Reproduction of rows of a finished run, from their artifact or from their spec alone."""
