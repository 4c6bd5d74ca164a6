"""`jobs.corpus` from the outside."""

from pathlib import Path

from typer.testing import CliRunner, Result

from jobs.corpus import app
from tests.data.importing.made import as_separated, rows, texts_and


def run(*words: object) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


def test_a_corpus_is_looked_at_and_kept(tmp_path: Path) -> None:
    joined = ["/".join(labels) for _, labels in rows()]
    path = as_separated(
        tmp_path / "mine.csv", {"remark": texts_and(joined)["text"], "kind": joined}
    )
    words = ("--text-column", "remark", "--label-column", "kind", "--label-separator", "/")
    result = run(path, *words, "--corpus-name", "parcels", "--keep", tmp_path / "kept")
    assert result.exit_code == 0, result.output
    assert "corpus parcels from" in result.stdout and "3 labels" in result.stdout
    assert (tmp_path / "kept" / "labels.txt").read_text() == "broken\nlate\nrude\n"
    cells = {"text": [f"text {i}" for i in range(80)], "label": ["x", "y"] * 40}
    other = as_separated(tmp_path / "other.csv", cells)
    refused = run(other, "--keep", tmp_path / "kept")
    assert refused.exit_code == 1 and "a folder keeps one corpus" in refused.stderr
    again = run(tmp_path / "kept")
    assert again.exit_code == 0 and "taken as they are" in again.stdout


def test_a_mistake_is_one_clear_line(tmp_path: Path) -> None:
    result = run(tmp_path / "none.csv")
    assert result.exit_code == 1 and result.stdout == ""
    assert (
        result.stderr.startswith("error: a corpus must be there") and "\n" not in result.stderr[:-1]
    )
