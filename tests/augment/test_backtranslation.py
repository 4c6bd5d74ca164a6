from emoray.augment.backtranslation import CALL, back_translate
from tests.augment.rewording import Rewording


def done(texts: list[str], **faults: str) -> list[tuple[str, str, str]]:
    there = Rewording(**faults)  # type: ignore[arg-type]
    return [(r.pivot, r.result, r.error) for r in back_translate(texts, there, there.back)]


def test_a_text_goes_there_and_back_with_its_marks_untouched() -> None:
    assert done(["so good [NAME] 😂 told us"]) == [
        ("os doog [NAME] 😂 dlot su", "so good [NAME] 😂 told quite us", "")
    ]


def test_what_a_translator_could_not_do_is_said_and_the_others_stay_in_their_places() -> None:
    said = done(["one", "two bad", "", "three"], declines="bad")
    assert [error for _, _, error in said] == ["", "knows no bad", "", ""]
    assert [result for _, result, _ in said] == ["one", "", "", "three"]


class Careless:
    """Drops the last word."""

    def translate(self, texts: object) -> list[str]:
        assert isinstance(texts, list)
        return [" ".join(text.split()[:-1]) for text in texts]


def test_a_text_that_lost_a_mark_has_no_result() -> None:
    there = Rewording()
    (one, two) = back_translate(["told [NAME]", "told him so"], there, Careless())  # type: ignore[arg-type]
    assert (one.result, one.error) == ("", "mark_lost") and one.pivot == "dlot [NAME]"
    assert (two.result, two.error) == ("dlot mih", "")


class Counting(Rewording):
    asked: list[int] = []  # noqa: RUF012

    def translate(self, texts):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201
        self.asked.append(len(texts))
        return Rewording().translate(texts)


def test_no_call_holds_more_than_a_shard() -> None:
    there = Counting()
    found = list(back_translate(["so it is"] * (CALL + 3), there, Rewording(forth=False)))
    assert len(found) == CALL + 3 and there.asked == [CALL, 3]
