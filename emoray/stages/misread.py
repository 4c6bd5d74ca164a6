"""Comparison of our tokenizer with transformers': the first text with other ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

SHOWN = 3  # ids on either side of the first that differs
QUOTED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """The first text with other ids, and how many of how many have them."""

    text: str
    token: str
    theirs: tuple[int, ...]
    ours: tuple[int, ...]
    count: int
    texts: int

    def __str__(self) -> str:
        return (
            f"a text is read as its own tokenizer reads it, got other ids for {self.count} of "
            f"{self.texts} texts, first at {self.token[:QUOTED]!r} in {_quoted(self.text)}: "
            f"{self._ids(self.theirs)} there, {self._ids(self.ours)} here: leave such texts out "
            "of the corpus, or take a model with a tokenizer of BERT's or RoBERTa's kind"
        )

    def _ids(self, ids: tuple[int, ...]) -> str:
        at = _first_difference(self.theirs, self.ours)
        start, end = max(0, at - SHOWN), at + SHOWN + 1
        inner = ", ".join(map(str, ids[start:end]))
        return f"[{'…, ' * (start > 0)}{inner}{', …' * (end < len(ids))}]"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…")


def _first_difference(a: Sequence[int], b: Sequence[int]) -> int:
    pairs = zip(a, b, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def misread(
    texts: Sequence[str],
    theirs: Sequence[Sequence[int]],
    ours: Sequence[Sequence[int]],
    token_of: Callable[[int], str],
) -> Misread | None:
    """The first text whose ids differ, None where all agree. token_of: the name of an id."""
    different = [
        (text, list(a), list(b))
        for text, a, b in zip(texts, theirs, ours, strict=True)
        if list(a) != list(b)
    ]
    if not different:
        return None
    text, a, b = min(different, key=lambda found: len(found[0]))
    at = _first_difference(a, b)
    named = a[at] if at < len(a) else b[at]
    return Misread(
        text=text,
        token=token_of(named),
        theirs=tuple(a),
        ours=tuple(b),
        count=len(different),
        texts=len(texts),
    )
