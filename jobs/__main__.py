"""`python -m jobs`: as the command `emoray`, where it is not installed."""

from jobs.command import main

if __name__ == "__main__":
    main()
