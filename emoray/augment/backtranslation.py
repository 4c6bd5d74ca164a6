"""A text into another language and back: the same said otherwise, its marks untouched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emoray.augment.placeholders import Hidden, hide, restore
from emoray.augment.translator import Handle, Untranslated

CALL = 256  # texts a translator is asked for at once: what a shard holds
MARK_LOST = "mark_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTranslated:
    """What became of one text. error: why there is no result; empty where there is one."""

    source: str
    pivot: str = ""
    result: str = ""
    error: str = ""


def back_translate(texts: Sequence[str], there: Handle, back: Handle) -> Iterator[BackTranslated]:
    """Each text there and back, in order, marks hidden on the way.

    A text that a translator could not do, or that lost a mark (`mark_lost`), says so in its error.
    """
    for start in range(0, len(texts), CALL):
        some = texts[start : start + CALL]
        hidden = [hide(text) for text in some]
        pivots = _asked(there, [each.text for each in hidden])
        results = _asked(back, pivots)
        yield from map(_outcome, some, hidden, pivots, results)


def _asked(handle: Handle, texts: Sequence[str | Untranslated]) -> list[str | Untranslated]:
    """Translations of what there is to translate; the rest stays as it is."""
    wanted = [t for t in texts if isinstance(t, str) and t.strip()]
    said = iter(handle.translate(wanted) if wanted else ())
    return [next(said) if isinstance(t, str) and t.strip() else t for t in texts]


def _outcome(
    source: str, hidden: Hidden, pivot: str | Untranslated, result: str | Untranslated
) -> BackTranslated:
    for said in (pivot, result):
        if isinstance(said, Untranslated):
            return BackTranslated(source=source, error=said.reason or "not translated")
    assert isinstance(pivot, str) and isinstance(result, str)
    shown, whole = restore(pivot, hidden.marks), restore(result, hidden.marks)
    if whole is None:
        return BackTranslated(source=source, pivot=shown or "", error=MARK_LOST)
    return BackTranslated(source=source, pivot=shown or "", result=whole)
