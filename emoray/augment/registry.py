"""Translators by name."""

from collections.abc import Callable

from emoray.augment.translator import Translator


def _apertium(rest: str) -> Translator:
    from emoray.augment.apertium import Apertium

    return Apertium(rest)


def _marian(rest: str) -> Translator:
    from emoray.augment.marian import Marian

    return Marian.of(rest)


KINDS: dict[str, Callable[[str], Translator]] = {"apertium": _apertium, "marian": _marian}


def translator_of(name: str) -> Translator:
    """The translator of a name such as `apertium:eng-spa`; refuse an unknown one."""
    kind, colon, rest = name.partition(":")
    if kind not in KINDS or not colon:
        raise ValueError(
            f"a translator is apertium:PAIR or marian:MODEL, got {name!r}: name e.g. "
            "apertium:eng-spa or marian:Helsinki-NLP/opus-mt-en-de"
        )
    return KINDS[kind](rest)
