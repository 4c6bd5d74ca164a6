"""Run requests in parallel, as each is mostly waiting."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8
T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Iterable[T], *, at_once: int = AT_ONCE) -> list[R]:
    """Run `work` on each item, results in their order; after an error no further one is begun."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(work, items))
