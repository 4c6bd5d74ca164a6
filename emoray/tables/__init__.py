"""Row classes, Parquet files, the front and the report."""
