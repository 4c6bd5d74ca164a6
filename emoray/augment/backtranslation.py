"""Translate texts into another language and back, with their marks untouched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emoray.augment.placeholders import Hidden, hide, restore
from emoray.augment.translator import Handle, Untranslated

CALL = 256  # texts of a call: as many as a shard holds
MARK_LOST = "mark_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTranslated:
    """The outcome of one text; error: the reason for no result, empty where there is one."""

    source: str
    pivot: str = ""
    result: str = ""
    error: str = ""


def back_translate(texts: Sequence[str], there: Handle, back: Handle) -> Iterator[BackTranslated]:
    """Translate each text there and back, in order, with marks hidden on the way.

    Yields:
        The outcome of each text, with an error where a translator failed or a mark was lost
        (`mark_lost`).
    """
    for start in range(0, len(texts), CALL):
        some = texts[start : start + CALL]
        hidden = [hide(text) for text in some]
        pivots = _translated(there, [each.text for each in hidden])
        results = _translated(back, pivots)
        yield from map(_outcome, some, hidden, pivots, results)


def _translated(handle: Handle, texts: Sequence[str | Untranslated]) -> list[str | Untranslated]:
    """Translate the texts that are not empty; the rest stays as it is."""
    wanted = [t for t in texts if isinstance(t, str) and t.strip()]
    translations = iter(handle.translate(wanted) if wanted else ())
    return [next(translations) if isinstance(t, str) and t.strip() else t for t in texts]


def _outcome(
    source: str, hidden: Hidden, pivot: str | Untranslated, result: str | Untranslated
) -> BackTranslated:
    for translation in (pivot, result):
        if isinstance(translation, Untranslated):
            return BackTranslated(source=source, error=translation.reason or "not translated")
    assert isinstance(pivot, str) and isinstance(result, str)
    shown, whole = restore(pivot, hidden.marks), restore(result, hidden.marks)
    if whole is None:
        return BackTranslated(source=source, pivot=shown or "", error=MARK_LOST)
    return BackTranslated(source=source, pivot=shown or "", result=whole)
