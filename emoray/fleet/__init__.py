"""Ray: search spaces, the search, and the actor that makes every stage once."""
