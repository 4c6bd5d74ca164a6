"""A finished classifier as a folder: what runs it, packs it, decides, scores and times it."""
