"""What each job does, from settings to tables and words: one file or folder a job."""
