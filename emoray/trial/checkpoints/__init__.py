"""What teams do with a finished checkpoint of PyTorch: compress it, convert it.

Ours or any multi-label classifier that transformers saved; both become artifacts.
"""
