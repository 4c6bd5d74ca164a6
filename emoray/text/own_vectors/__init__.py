"""Word vectors from texts of one's own: words counted side by side, then few dimensions of it."""
