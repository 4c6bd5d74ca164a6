"""Entry points for `ray job submit` and for a laptop: parse, then one call."""
