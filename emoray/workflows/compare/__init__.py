"""`jobs.compare`: comparison of finished artifacts, points of a run and saved predictions.

All of them become decisions on the same texts, which are compared alike.
"""
