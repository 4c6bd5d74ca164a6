"""From logits to decisions: temperature, thresholds, scores, calibration, intervals."""
