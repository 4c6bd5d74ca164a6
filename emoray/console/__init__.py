"""What a job shows while it works: progress, and numbers in plain words."""
