import pandas as pd
import pytest

from emoray.console import wording


@pytest.mark.parametrize(
    ("count", "said"), [(1_250_000, "1.25 MB"), (312_400, "312 KB"), (900, "1 KB")]
)
def test_bytes_are_said_in_powers_of_ten(count: int, said: str) -> None:
    assert wording.size(count) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (12.345, "12.3 ms"),
        (0.0421, "42 µs"),
        (None, "not measured"),
        (float("nan"), "not measured"),
    ],
)
def test_latency_is_said_in_its_natural_unit(value: float | None, said: str) -> None:
    assert wording.milliseconds(value) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fixed0.5", "0.5 for every label"),
        ("one", "one threshold for all labels"),
        ("per_label", "one threshold per label"),
        ("per_label_s20", "one threshold per label, rare labels shrunk (20)"),
        ("new_rule", "new_rule"),
    ],
)
def test_threshold_rules_are_said_in_words(name: str, said: str) -> None:
    assert wording.rule(name) == said


def test_durations_counts_and_changes_are_written_to_be_read() -> None:
    assert [wording.seconds(s) for s in (12, 600, 9000)] == ["12 s", "10.0 min", "2.5 h"]
    assert [wording.count(n, "row") for n in (1, 2000)] == ["1 row", "2,000 rows"]
    assert wording.signed(-0.3) == "\N{MINUS SIGN}0.30"


def test_a_model_is_said_in_one_line() -> None:
    row = pd.Series(
        {"family": "glove", "embedding_dim": 50, "layers": 1, "bits": 8, "embedding_bits": 32}
    )
    said = "glove, 50-d vectors, 1 hidden layer, 8-bit weights, float embedding"
    assert wording.built(row) == said
