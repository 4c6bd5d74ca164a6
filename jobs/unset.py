"""What is set and empty is as if it were not set: `EMORAY_DATA=`, `--store "$STORE"` with no STORE.

Scripts hand on variables that nobody filled; a path or a name of no letters means nothing else.
"""

import os
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Any

FAMILIES = ("EMORAY_", "AWS_", "RAY_", "XDG_", "HF_", "TUNE_")  # variables that we, or ours, read
ALONE = {"HOME", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"}


def unset_empty(environment: MutableMapping[str, str] = os.environ) -> None:
    """Drop variables that are set and empty; those of others, where empty may mean something, stay.

    `CUDA_VISIBLE_DEVICES=` hides every GPU.
    """
    for name, value in list(environment.items()):
        if not value.strip() and (name.startswith(FAMILIES) or name in ALONE):
            del environment[name]


def _takes_value(word: str, params: Iterable[Any]) -> bool:
    return any(
        word in (*param.opts, *param.secondary_opts) and not param.is_flag
        for param in params
        if hasattr(param, "is_flag")  # an option, not an argument
    )


def without_empty(words: Sequence[str], params: Sequence[Any]) -> Iterator[str]:
    """The words of a command line without options whose value is empty."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if equals and not value.strip() and _takes_value(name, params):
            continue
        if _takes_value(word, params) and (value := next(rest, None)) is not None:  # type: ignore[assignment]
            if value.strip():
                yield from (word, value)
            continue
        yield word
