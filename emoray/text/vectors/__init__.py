"""Word vectors: files and packages at hand, or trained on texts of one's own."""
