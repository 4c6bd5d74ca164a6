"""What may be asked of each job: one dataclass a job, of which its command line is made."""
