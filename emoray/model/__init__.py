"""Model families: recipes, and how each family trains."""
