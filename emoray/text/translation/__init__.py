"""Machine translation: translators, and what must survive them."""
