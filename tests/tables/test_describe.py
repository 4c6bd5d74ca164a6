from pathlib import Path

import pytest

from emoray.tables.describe import BEGIN, END, README, described, rewrite
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of

PAGE = Path(__file__).parents[2] / README


def test_the_page_says_what_the_row_classes_say() -> None:
    text = PAGE.read_text("utf-8")
    assert described(text) == text, "run `python -m emoray.tables.describe`"


def test_every_column_of_every_table_is_described() -> None:
    text = PAGE.read_text("utf-8")
    for name, row_class in TABLES.items():
        assert f"### `{name}.parquet`" in text
        for field in schema_of(row_class):
            assert f"| `{field.name}` |" in text


def test_what_is_written_by_hand_survives(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"# Figures\nby hand\n{BEGIN}\nold\n{END}\nalso by hand\n")
    text = rewrite(page).read_text()
    assert text.startswith(f"# Figures\nby hand\n{BEGIN}\n")
    assert text.endswith(f"{END}\nalso by hand\n")
    assert "\nold\n" not in text


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the page must hold the marks .* got a page without"):
        described("# Results\n")
