"""What a trained model can do without, and how the rest makes up for it."""
