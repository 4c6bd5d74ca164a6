"""Settings of each job: one dataclass per job, from which its command line is made."""
