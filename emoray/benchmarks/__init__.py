"""How fast and how frugal emoray is, beside what people would otherwise use, in one run."""
