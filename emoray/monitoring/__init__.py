"""Whether an artifact in production still does what it did, told from its log alone."""
