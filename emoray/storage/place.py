"""A place: a local folder, or (to follow from part S3) a prefix of a bucket."""

from pathlib import Path

Place = Path
