"""What a search costs on Ray, and the run of all benchmarks."""
