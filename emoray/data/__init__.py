"""Corpora: GoEmotions, the embedded sample, and imported ones."""
