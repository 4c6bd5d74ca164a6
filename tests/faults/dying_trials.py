"""Trials that meet with a fault when a stage is published and its rows are not written yet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emoray.search import trials
from emoray.search.trials import Desk


def once(mark: Path) -> bool:
    """Whether this is the first time that anyone asks."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@contextmanager
def before_rows(strike: Callable[[Desk], None]) -> Iterator[None]:
    """`strike` comes before the rows of a model are written, in this process."""
    write_rows = trials.copy_rows

    def strike_first(desk: Desk, *rest: Any) -> Any:
        strike(desk)
        return write_rows(desk, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "copy_rows", strike_first)
        yield


def fails_once(desk: Desk) -> None:
    """One trial of the run ends here, as if its disk had gone for a moment."""
    if once(desk.run_folder / "_failed_trial"):
        raise OSError("a disk that is not there")
