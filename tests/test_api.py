"""What `import emoray` offers, and that importing it costs next to nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import emoray
from emoray.artifact.runtime import write
from emoray.tables import load, load_run
from tests.artifact.shipped import files
from tests.conftest import ROOT

LOADED = """
import sys
import emoray
print(*{"numpy", "pandas", "ray", "tensorflow", "torch", "onnxruntime", "typer"} & set(sys.modules))
print(sum(name.startswith("emoray") for name in sys.modules))
"""


def test_importing_emoray_loads_nothing_else() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stdout.splitlines() == ["", "1"]


def test_everything_on_offer_is_there_and_documented() -> None:
    for name in set(emoray.__all__) - {"__version__"}:
        offered = getattr(emoray, name)
        assert "Args:" in offered.__doc__ and "Raises:" in offered.__doc__, name
        assert offered.__module__ in ("emoray.api", "emoray.tables")


def test_there_is_one_way_to_read_a_run() -> None:
    assert emoray.load_run is load is load_run


def test_the_embedded_sample_is_read_in_a_taxonomy() -> None:
    corpus = emoray.read_corpus("sample", taxonomy="sentiment")
    assert corpus.name == "sample" and len(corpus.taxonomy.labels) == 4
    assert len(corpus.test.texts) == len(corpus.test.labels_NK)


def test_a_corpus_of_ones_own_has_its_own_labels(tmp_path: Path) -> None:
    rows = [f"text number {i} {w}\t{w}" for i in range(40) for w in ("calm", "tense")]
    (tmp_path / "mine.tsv").write_text("\n".join(["text\tlabel", *rows]))
    corpus = emoray.read_corpus(tmp_path / "mine.tsv")
    assert set(corpus.taxonomy.labels) == {"calm", "tense"}


def test_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a run's folder holds tables"):
        emoray.load_run(tmp_path / "nothing")
    with pytest.raises(ValueError, match="manifest"):
        emoray.load_artifact(tmp_path)


def test_settings_that_contradict_are_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two operands or more"):
        emoray.compare("one", out=tmp_path)
    with pytest.raises(ValueError, match="gpus_per_stage is a share"):
        emoray.sweep("smoke", out=tmp_path, gpus_per_stage=-1.0)


def test_an_artifact_is_loaded_and_classifies(tmp_path: Path) -> None:
    write(tmp_path / "model", files())
    assert len(emoray.load_artifact(tmp_path / "model")(["waa wab"]).labels) == 1
