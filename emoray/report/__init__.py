"""The report: figures drawn from a run's tables, as one page that needs no network and as PNG."""
