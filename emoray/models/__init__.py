"""Model families: recipes, losses, and the training of each family."""
