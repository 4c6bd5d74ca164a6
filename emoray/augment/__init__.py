"""More training texts by machine translation there and back, and which of them are kept."""
