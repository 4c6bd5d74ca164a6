"""Search spaces in words: how a user writes one in a file, and how any is printed."""
