"""A translator of the tests' own: quick, pure, and on demand faulty in every way a real one is.

There: every word spelt backwards. Back: spelt forwards again, every third word put into new ones.
Faults are texts that contain a word, or traps: files that whoever sees them first takes away.
"""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from emoray.augment.placeholders import HIDDEN
from emoray.augment.translator import Untranslated

NOWHERE = Path("/nowhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """Paths are no part of a stage's key: with traps or without, the same stages are meant.

    seconds: each call takes them. raises, kills, declines: a word that makes it fail so. dies,
    hangs: folders of traps.
    """

    tag: ClassVar[str] = "Rewording"

    forth: bool = True
    raises: str = ""
    kills: str = ""
    declines: str = ""
    seconds: Path = NOWHERE  # as the name of a file: how long a call takes is no part of the key
    dies: Path = NOWHERE
    hangs: Path = NOWHERE

    def __str__(self) -> str:
        return "rewording"

    @property
    def back(self) -> "Rewording":
        return replace(self, forth=not self.forth)

    @property
    def gpus(self) -> float:
        return 0.0

    def fingerprint(self) -> str:
        return "5" * 64

    def open(self) -> "Rewording":
        return self

    def translate(self, texts: Sequence[str]) -> list[str | Untranslated]:
        if self.forth:
            self._fail(" ".join(texts))
        return [self._reworded(text) for text in texts]

    def _fail(self, said: str) -> None:
        if self.seconds != NOWHERE:
            time.sleep(float(self.seconds.name))
        if _sprung(self.dies) or (self.kills and self.kills in said):
            os.kill(os.getpid(), signal.SIGKILL)
        if _sprung(self.hangs):
            time.sleep(600)
        if self.raises and self.raises in said:
            raise RuntimeError(f"cannot bear {self.raises}")

    def _reworded(self, text: str) -> str | Untranslated:
        if self.declines and self.declines in text:
            return Untranslated(f"knows no {self.declines}")
        words = [w if HIDDEN.search(w) else w[::-1] for w in text.split()]
        if self.forth:
            return " ".join(words)
        return " ".join(
            f"quite {w}" if i % 3 == 2 and not HIDDEN.search(w) else w for i, w in enumerate(words)
        )


def _sprung(folder: Path) -> bool:
    """Whether there was a trap; the first to see it takes it away."""
    for trap in sorted(folder.glob("*")) if folder.is_dir() else ():
        try:
            trap.unlink()
        except FileNotFoundError:
            continue
        return True
    return False


def traps(folder: Path, number: int) -> Path:
    """A folder with so many."""
    folder.mkdir(parents=True)
    for i in range(number):
        (folder / str(i)).touch()
    return folder
