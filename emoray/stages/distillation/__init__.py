"""What a teacher is asked, what it answers, and the targets that a student learns from."""
