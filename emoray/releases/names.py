"""`model:NAME@ALIAS`: how a released artifact is named where a job asks for an artifact."""

import re
from dataclasses import dataclass

from emoray.storage.names import shown

PREFIX = "model:"
PRODUCTION, CANDIDATE = "production", "candidate"
ALIASES = (PRODUCTION, CANDIDATE)
LEAST_DIGITS = 6  # of a SHA-256 that names an artifact
SHORT = 12  # digits of one that is shown
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DIGITS = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}")
WRITTEN = (
    f"{PREFIX}NAME@{PRODUCTION}, {PREFIX}NAME@{CANDIDATE} or {PREFIX}NAME@SHA256 "
    f"({LEAST_DIGITS} digits or more)"
)


def checked_model(name: str) -> str:
    """Return the name of a model, which becomes a folder's; refuse one that leads elsewhere."""
    if not NAME.fullmatch(name):
        raise ValueError(
            "a model's name is 1 to 100 letters, digits, '.', '_' or '-', a letter or digit first, "
            f"got {shown(name)}: choose another"
        )
    return name


def is_released(text: str) -> bool:
    """Whether a text names a released artifact, well or badly."""
    return text.startswith(PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedName:
    """One artifact of a model. which: an alias, or the first digits of a SHA-256."""

    model: str
    which: str

    @classmethod
    def of(cls, text: str) -> "ReleasedName":
        """Parse `model:NAME@ALIAS`; ValueError for what is written otherwise."""
        model, at, which = text.removeprefix(PREFIX).partition("@")
        if not at or not is_released(text) or not NAME.fullmatch(model):
            raise ValueError(f"a released artifact is {WRITTEN}, got {shown(text)}: write it so")
        if which not in ALIASES and not DIGITS.fullmatch(which):
            raise ValueError(
                f"a released artifact is {WRITTEN}, got {shown(which)} after the @: write one of "
                "these"
            )
        return cls(model=model, which=which)

    def __str__(self) -> str:
        return f"{PREFIX}{self.model}@{self.which}"
