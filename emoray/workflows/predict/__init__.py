"""`jobs.predict`: texts in files, scored on Ray, each file's output written once."""
