"""`jobs.monitor`: a log beside a reference, window by window."""
