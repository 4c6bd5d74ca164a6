"""Trials that meet with a fault when a stage is published and its rows are not written yet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emoray.search import trials
from emoray.search.trials import RunContext


def once(mark: Path) -> bool:
    """Whether this is the first time that anyone asks."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@contextmanager
def before_rows(strike: Callable[[RunContext], None]) -> Iterator[None]:
    """`strike` comes before the rows of a model are written, in this process."""
    write_rows = trials.copy_rows

    def strike_first(context: RunContext, *rest: Any, **more: Any) -> Any:
        strike(context)
        return write_rows(context, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "copy_rows", strike_first)
        yield


def fails_once(context: RunContext) -> None:
    """One trial of the run ends here, as if its disk had gone for a moment."""
    if once(context.run_folder / "_failed_trial"):
        raise OSError("a disk that is not there")
