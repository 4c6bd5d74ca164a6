"""Corpora: GoEmotions, the embedded sample, and those that a user brings."""
