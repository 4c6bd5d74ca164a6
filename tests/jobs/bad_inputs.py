"""Things a user may have by mistake, in one folder: damaged, half, empty, of another kind."""

import json
import shutil
from pathlib import Path

from emoray.tables.files import write_table
from emoray.tables.rows import TrainingRow
from tests.artifact.finished import make_artifact
from tests.tables.made import make_run, row
from tests.workflows.checkpoints import tiny

NOT_UTF8 = b"\xff\xfe\x00"


def make_bad_inputs(folder: Path) -> None:
    """`model` and `bert` are whole; the name of all else says what is wrong with it."""
    _artifacts(folder)
    _checkpoints(folder)
    _corpora(folder)
    _runs(folder)
    (folder / "empty").mkdir()
    (folder / "file").write_text("hello")
    (folder / "link").symlink_to("nowhere")
    (folder / "store-of-99").mkdir()
    (folder / "store-of-99" / "store.json").write_text('{"layout": 99}')
    (folder / "store-no-json").mkdir()
    (folder / "store-no-json" / "store.json").write_text("{")


def _artifacts(folder: Path) -> None:
    make_artifact(folder / "model")
    changed = {
        "model-damaged": ("vocabulary.txt", b"other\n"),
        "model-no-json": ("manifest.json", b"{"),
        "model-no-text": ("manifest.json", NOT_UTF8),
        "model-a-list": ("manifest.json", b"[]"),
        "model-climbs": ("manifest.json", json.dumps({"files": {"../../x": "0"}}).encode()),
    }
    for name, (file, content) in changed.items():
        shutil.copytree(folder / "model", folder / name)
        (folder / name / file).write_bytes(content)


def _checkpoints(folder: Path) -> None:
    tiny(folder / "bert")
    whole = (folder / "bert" / "model.safetensors").read_bytes()
    changed = {
        "bert-no-json": ("config.json", b"{"),
        "bert-no-text": ("config.json", NOT_UTF8),
        "bert-a-list": ("config.json", b"[]"),
        "bert-cut-off": ("model.safetensors", whole[: len(whole) // 2]),
        "bert-no-words": ("tokenizer.json", b"{}"),
    }
    for name, (file, content) in changed.items():
        shutil.copytree(folder / "bert", folder / name)
        (folder / name / file).write_bytes(content)


def _corpora(folder: Path) -> None:
    for name, content in {
        "corpus-latin": b"caf\xe9\t1\te\n",
        "corpus-no-labels": b"great\n",
        "corpus-blank": b"",
    }.items():
        (folder / name).mkdir()
        for split in ("train", "dev", "test"):
            (folder / name / f"{split}.tsv").write_bytes(content)
    for name, text in {
        "blank.csv": "",
        "header.csv": "text,label\n",
        "no-label.csv": "text,other\na,b\n",
        "one-label.csv": "text,label\nhello,joy\n",
        "cut-off.jsonl": '{"text": "a"\n',
        "text.parquet": "hello",
        "text.npz": "hello",
        "no-truth.csv": "a,b\n1,2\n",
    }.items():
        (folder / name).write_text(text)
    (folder / "latin.csv").write_bytes("text,label\ncafé,joy\n".encode("latin-1"))


def _runs(folder: Path) -> None:
    make_run(folder / "half", seeds=1, dims=(25,), bits=(8,), temperatures=1, only=("runs",))
    for name in ("run-of-text", "run-damaged-parts"):
        part = folder / name / ("_parts/points" if "parts" in name else "") / "points.parquet"
        part.parent.mkdir(parents=True)
        part.write_text("hello")
    write_table([row(TrainingRow)], folder / "run-of-another" / "points.parquet", TrainingRow)
