"""Graphs that other programs wrote, with their matrices and token table as emoray stores them."""
