"""Texts without true labels that a teacher labels, counted."""

from dataclasses import dataclass

from emoray.tables.fields import note


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTextsRow:
    """Transfer texts of a distillation, counted by how they were made."""

    transfer: str = note("id of the set: corpus, how it is made, seed, a file of the user's own")
    corpus: str = note("of whose train they are made; its name")
    way: str = note(
        "masked: words left out; spliced: two texts in one; n-gram: neighbouring words of two; "
        "unlabelled: from a file of the user's own"
    )
    made: int = note("texts made, or read")
    kept: int = note("of these, labelled by the teacher and learned")
    duplicates: int = note("of these, dropped as equal to a text of train or to one before")
    leaks: int = note("of these, refused as equal to a text of dev or test")
    empty: int = note("of these, dropped as no word was left")
