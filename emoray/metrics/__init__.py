"""How good decisions are, and how surely: scores, resamples of texts, comparisons."""
