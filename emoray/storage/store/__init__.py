"""Finished stages as folders, each kept under the hash of what it reads."""
