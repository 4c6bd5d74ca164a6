"""Forms in which finished models come, each made into a folder that all else here reads."""
