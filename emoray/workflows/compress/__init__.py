"""`jobs.compress`: a finished checkpoint of PyTorch under quantization schemes."""
