"""Stages that do next to nothing: enough to see when the store runs them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.storage.store.local import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Writes `text`; where it was read from says nothing about it."""

    name: ClassVar[str] = "write"
    version: ClassVar[int] = 1

    text: str
    folder: Path = Path("/anywhere")
    seconds: float = 0.0

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "deep").mkdir()
        (out / "deep" / "text").write_text(self.text)
        time.sleep(self.seconds)
        (out / "end").write_text("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Joins what other stages wrote."""

    name: ClassVar[str] = "join"
    version: ClassVar[int] = 1

    parts: tuple[Write, ...]
    last: Write

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        names = [*(f"parts.{i}" for i in range(len(self.parts))), "last"]
        joined = "".join((inputs[name] / "deep" / "text").read_text() for name in names)
        (out / "text").write_text(joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Gets half way."""

    name: ClassVar[str] = "fail"
    version: ClassVar[int] = 1

    needs: Write

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "half").write_text("")
        raise ValueError("half of it is enough\nsecond line")


def made(store: Store) -> list[str]:
    """Names of the stages that ran, in their order."""
    return [e["key"].split("-")[0] for e in store.journal() if e["event"] == "made"]
