"""Prepare a process for the import of TensorFlow; importing this file does it."""

import os
from contextlib import suppress

# One thread: the fleet runs one training per core, and sums in one order keep seeds reproducible.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# A torch for CUDA brings triton and loads it late. Loaded after TensorFlow it crashes the process:
# each brings a compiler library of its own.
with suppress(ImportError):
    import triton  # noqa: F401
