"""From logits to decisions: temperature, thresholds, weights of an ensemble."""
