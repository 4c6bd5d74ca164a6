"""Model families behind one protocol: all that is done in one way for some models and in another
for others."""
