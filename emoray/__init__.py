"""One Ray job that searches architecture, quantization, temperature and thresholds together."""
