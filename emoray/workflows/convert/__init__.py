"""`jobs.convert`: a finished checkpoint of PyTorch as an artifact in float."""
