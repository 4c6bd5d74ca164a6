"""A stage of known length that needs no processor: all other time is the scheduler's."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Waits, and leaves an empty file."""

    name: ClassVar[str] = "pause"
    version: ClassVar[int] = 1

    number: int
    seconds: float

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Wait."""
        time.sleep(self.seconds)
        (out / "done").touch()
