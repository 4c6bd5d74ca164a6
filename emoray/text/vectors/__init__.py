"""Word vectors: from local files and packages, or trained on given texts."""
