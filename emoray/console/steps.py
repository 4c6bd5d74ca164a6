"""How a job on a checkpoint says where it is, and what stopped it: one clear line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from emoray.console.heartbeat import waiting

OUT_OF_MEMORY = ("bad_alloc", "can't allocate memory", "out of memory")
Say = Callable[[str], None]


@contextmanager
def steps(console: Console, total: int) -> Iterator[Say]:
    """`say(what)` before each of `total` steps: a bar on a terminal, lines in a log."""
    if not console.is_terminal:
        doing = ""

        def line(what: str) -> None:
            nonlocal doing
            doing = what
            console.print(f"… {what}", highlight=False, soft_wrap=True)

        with waiting(console, lambda: doing):
            yield line
        return
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def say(what: str) -> None:
            begun = bool(bar.tasks[0].description)
            bar.update(task, description=what, advance=int(begun))

        yield say


@contextmanager
def plainly(what: str) -> Iterator[None]:
    """What a library says of a lack of memory or of kernels becomes a ValueError to act on."""
    try:
        yield
    except (ValueError, OSError):
        raise
    except FloatingPointError as error:
        raise ValueError(f"{what} could not be trained for its codes: {error}") from error
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if isinstance(error, MemoryError) or any(sign in first for sign in OUT_OF_MEMORY):
            raise ValueError(
                f"a job fits into this machine's memory, got none left at {what} ({first}): close "
                "other programs or ask for fewer schemes; what is finished is kept"
            ) from error
        if type(error).__module__.startswith("onnxruntime"):
            raise ValueError(
                f"a model runs on kernels of the installed onnxruntime, got none for {what} "
                f"({first}): choose another scheme or install a newer onnxruntime"
            ) from error
        raise
