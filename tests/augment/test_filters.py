import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.augment.filters import Agreement, Filters, edits, normal_form, text_distance, verdict
from tests.conftest import ROOT

WORDS = st.lists(st.sampled_from("abc"), max_size=6)
JUDGED = Filters(labels=Agreement(folder=ROOT, sha256="0" * 64, most_fall=0.3))

VERDICTS = {
    "near_copy": ("I LIKE it so much!", "i like it so much!"),
    "empty": ("well", ""),
    "too_short": ("I really like all of this", "I like"),
    "too_long": ("so good", "so very good to see it"),
    "too_far": ("nice job on this", "bad work at that"),
    "kept": ("I like this picture so much", "I love this photo so much"),
}


@pytest.mark.parametrize("wanted", VERDICTS)
def test_a_back_translation_is_judged_by_its_words(wanted: str) -> None:
    assert verdict(text_distance(*VERDICTS[wanted]), Filters()) == wanted


def test_a_text_whose_labels_a_classifier_no_longer_sees_has_drifted() -> None:
    found = text_distance(*VERDICTS["kept"])
    assert verdict(found, JUDGED, 0.31) == "drift"
    assert verdict(found, JUDGED, 0.29) == "kept"
    assert verdict(found, Filters(), 0.31) == "kept", "nobody asked"


def test_texts_are_equal_when_no_model_sees_a_difference() -> None:
    assert normal_form("SOOOO good!!!") == normal_form("soooo  good!!")


@given(WORDS, WORDS, WORDS)
def test_edits_are_a_distance(one: list[str], two: list[str], three: list[str]) -> None:
    assert (edits(one, two) == 0) == (one == two)
    assert edits(one, two) == edits(two, one)
    assert edits(one, three) <= edits(one, two) + edits(two, three)
    assert abs(len(one) - len(two)) <= edits(one, two) <= max(len(one), len(two))


def test_edits_count_words_put_in_left_out_and_replaced() -> None:
    assert edits("kitten", "sitting") == 3


REFUSED = {
    "least_edits and most_edits are shares": lambda: Filters(least_edits=0.5, most_edits=0.4),
    r"least_length lies in \[0, 1\]": lambda: Filters(least_length=1.2),
    r"most_fall must lie in \(0, 1\], got 0": lambda: Agreement(
        folder=ROOT, sha256="0", most_fall=0
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_filters_that_contradict_themselves_are_refused(said: str) -> None:
    with pytest.raises(ValueError, match=said):
        REFUSED[said]()
