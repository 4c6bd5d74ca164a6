"""`jobs.release`: add, promote, roll back, list, show and compare the versions of a model."""
