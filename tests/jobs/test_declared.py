"""Command lines are made of settings: every option stands on a field, and is worded once."""

import ast
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from emoray.data.importing.settings import CorpusSource
from emoray.data.options import RunOptions
from emoray.distributed.cluster import Cluster
from emoray.options import Option, options_of
from emoray.storage.s3 import S3Folder
from emoray.workflows.settings.ensemble import Ensemble
from emoray.workflows.settings.evaluate import Evaluate, Gates
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.settings.vectors import Training
from jobs.console import OFFERED
from jobs.declared import filled_settings
from tests.conftest import ROOT

JOBS = sorted(p.stem for p in (ROOT / "jobs").glob("*.py") if "\napp = Job(" in p.read_text())


def app_of(job: str) -> Any:
    return importlib.import_module(f"jobs.{job}").app


def settings_classes(job: str) -> dict[str, type]:
    """What the functions of a job take, by the name of the command."""
    found = {}
    for command in app_of(job).registered_commands:
        function = command.callback.__wrapped__
        found[command.name or function.__name__] = function.__annotations__["settings"]
    return found


def settings_class(job: str) -> type:
    """What the function of a job of one command takes."""
    return settings_classes(job)[job]


COMMANDS = [(job, name) for job in JOBS for name in settings_classes(job)]


def command_of(job: str, name: str) -> Any:
    made = get_command(app_of(job))
    return made.commands[name] if hasattr(made, "commands") else made


def worded() -> Iterator[str]:
    """Every help text that stands in the source, once for each place."""
    for path in sorted((ROOT / "emoray").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Option":
                yield next(ast.unparse(k.value) for k in node.keywords if k.arg == "help")


@pytest.mark.parametrize(("job", "name"), COMMANDS)
def test_every_option_of_a_job_stands_on_a_field_of_its_settings(job: str, name: str) -> None:
    declared = [one.parameter for one in options_of(settings_classes(job)[name])]
    offered = [one.name for one in OFFERED]
    assert [param.name for param in command_of(job, name).params] == [*declared, *offered]
    assert len(set(declared)) == len(declared)


def test_no_option_is_worded_twice() -> None:
    twice = [text for text, places in Counter(worded()).items() if places > 1]
    assert not twice


def test_jobs_word_no_option_themselves() -> None:
    for path in (ROOT / "jobs").glob("*.py"):
        if path.name not in ("console.py", "declared.py"):
            assert "typer" not in path.read_text("utf-8"), path.name


def typed(settings: type, **said: Any) -> dict[str, Any]:
    """What a command line hands on where only this is said."""
    return (
        {one.parameter: None for one in options_of(settings)}
        | {
            one.parameter: one.default
            for one in options_of(settings)
            if isinstance(one.default, bool | int | float | str)
        }
        | {"out": "results"}
        | said
    )


def test_what_is_typed_becomes_the_settings() -> None:
    words = typed(
        Sweep,
        dims=[16, 32],
        store="s3://bucket/store",
        corpus__source="mine.csv",
        corpus__label_names=["joy,anger"],
        cluster__cpus=2,
    )
    found = filled_settings(Sweep, words)
    assert found == Sweep(
        dims=(16, 32),
        store=S3Folder.of("s3://bucket/store"),
        corpus=CorpusSource(source="mine.csv", label_names=("joy", "anger")),
        cluster=Cluster(cpus=2),
    )
    assert found.out == Path("results")


def test_what_nobody_says_is_the_settings_own_default() -> None:
    assert filled_settings(Sweep, typed(Sweep)) == Sweep()
    assert filled_settings(Ensemble, typed(Ensemble, combine=["all"])) == Ensemble()
    assert filled_settings(Training, typed(Training)) == Training()
    words = typed(Evaluate, artifact="a", gates__max_ece=0.1)
    assert filled_settings(Evaluate, words).gates == Gates(max_ece=0.1)


def test_columns_without_a_corpus_are_refused_as_they_are_typed() -> None:
    with pytest.raises(ValueError, match="got them without: add --corpus"):
        filled_settings(Sweep, typed(Sweep, corpus__text_column="body"))


def test_an_option_stands_on_one_class_however_many_jobs_ask_for_it() -> None:
    shared = {one.path[0]: one.option for one in options_of(RunOptions)}
    for job in ("sweep", "ensemble", "improve_f1", "augment", "calibrate", "evaluate", "compress"):
        own = {one.path[0]: one.option for one in options_of(settings_class(job))}
        for name in ("download", "out", "name", "store"):
            assert isinstance(own[name], Option) and own[name] is shared[name]
