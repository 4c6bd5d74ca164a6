"""What people use in place of an artifact of ours, made by its own tools and measured beside it."""
