"""`jobs.compare`: finished artifacts, points of a run and saved predictions, held against another.

Whatever they are, they become decisions on the same texts; from there on they are compared alike.
"""
