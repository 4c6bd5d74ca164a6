"""Small words of a first look."""

import pytest

from emoray.data.importing.table import counted


@pytest.mark.parametrize(
    ("number", "verb", "said"),
    [
        (0, "", "0 texts"),
        (1, "", "1 text"),
        (1, "have", "1 text has"),
        (1, "are", "1 text is"),
        (1, "stand", "1 text stands"),
        (2000, "have", "2,000 texts have"),
    ],
)
def test_one_text_has_a_verb_of_one_and_several_of_many(number: int, verb: str, said: str) -> None:
    assert counted(number, "text", verb) == said
