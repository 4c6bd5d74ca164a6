"""Search spaces, the search over them with Ray Tune, and the trials that request stages."""
