"""Model families: recipes, losses, and how each family trains."""
