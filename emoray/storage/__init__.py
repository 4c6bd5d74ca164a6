"""Storage of files: a local folder or a bucket."""
