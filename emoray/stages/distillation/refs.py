"""Teachers and files of texts as stages name them: by content; where they lie does not count."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from emoray.data.utf8 import utf8
from emoray.models.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherRef:
    """An artifact that labels texts, as a stage names it: by its model; its place does not count.

    Attributes:
        sha256: of the model's files, whatever its decision.
        folder: of the artifact.
        recipes: of the trainings behind it, where it is a point of a run; to train them by folds.
    """

    tag: ClassVar[str] = "TeacherRef"

    sha256: str
    folder: Path
    recipes: tuple[Recipe, ...] = field(default=(), metadata={"key": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsRef:
    """A file with one text a line, as a stage names it: by content; its place does not count."""

    tag: ClassVar[str] = "TextsRef"

    sha256: str
    file: Path

    @classmethod
    def of(cls, file: Path) -> "TextsRef":
        """Name a file; ValueError where it cannot be read or holds no text."""
        found = cls(sha256=_sha256(file), file=file.absolute())
        if not found.read():
            raise ValueError(f"a file of texts has one a line, got none in {file}: check the path")
        return found

    def read(self) -> tuple[str, ...]:
        """Its lines that are not empty; ValueError where it has changed."""
        if _sha256(self.file) != self.sha256:
            raise ValueError(
                f"a file of texts must not change during a run, got other bytes in {self.file}: "
                "start the run again"
            )
        lines = utf8(self.file.read_bytes(), str(self.file)).splitlines()
        return tuple(line.strip() for line in lines if line.strip())


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(
            f"a file of texts must be readable, got {file} ({error.strerror}): check the path"
        ) from error
