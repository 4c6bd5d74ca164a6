"""How far a long loop in this process is: a bar on a terminal, a line each half minute in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

LINE_SECONDS = 30.0
Tell = Callable[[int, str], None]


@contextmanager
def pace(console: Console, what: str, total: int | None = None) -> Iterator[Tell]:
    """`tell(done, said)` as often as the loop likes; `said` stands behind the count."""
    begun = spoken = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def line(done: int, said: str) -> str:
        of = f"/{total:,}" if total else ""
        return " · ".join(part for part in (f"{what} {done:,}{of}", said) if part)

    def tell(done: int, said: str = "") -> None:
        nonlocal spoken
        bar.update(task, completed=done, description=line(done, said))
        if not console.is_terminal and time.monotonic() - spoken >= LINE_SECONDS:
            spoken = time.monotonic()
            text = f"{line(done, said)} · {spoken - begun:.0f} s"
            console.print(text, highlight=False, soft_wrap=True, markup=False)

    with bar:
        task = bar.add_task(what, total=total)
        yield tell
