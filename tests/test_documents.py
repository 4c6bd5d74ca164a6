"""What the documents name is there: files, commands and their options."""

import importlib
import re
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "results/README.md")
TOP = ("emoray", "jobs", "tests", "cluster", "results")
PATH = re.compile(rf"`((?:{'|'.join(TOP)})/[\w./-]+\.(?:py|md|sh|yaml))`")
COMMAND = re.compile(r"python -m jobs\.(\w+)([^`#\n]*(?:\\\n[^`#\n]*)*)")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*)")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    named = PATH.findall((ROOT / document).read_text("utf-8"))
    assert not [path for path in named if not (ROOT / path).is_file()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_in_a_document_has_the_options_it_is_given(document: str) -> None:
    wrong = []
    for job, rest in COMMAND.findall((ROOT / document).read_text("utf-8")):
        if job == "X":
            continue
        made = typer.main.get_command(importlib.import_module(f"jobs.{job}").app)
        words = rest.split()
        inner = getattr(made, "commands", {}).get(words[0]) if words else None
        known = {o for p in (inner or made).params for o in (*p.opts, *p.secondary_opts)}
        wrong += [f"jobs.{job} {o}" for o in OPTION.findall(rest) if o not in {*known, "--help"}]
    assert not wrong


def test_every_job_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    jobs = {p.stem for p in (ROOT / "jobs").glob("*.py") if "\n@app.command" in p.read_text()}
    assert jobs and not {job for job in jobs if f"jobs.{job}" not in text}


CHOOSING = re.compile(
    r"test_\w+[^\n]{0,40}(?:\.(?:max|min|idxmax|idxmin|nlargest)\()"
    r"|(?:max|min|idxmax|nlargest|sort_values|by=)\W{1,4}test_\w+"
    r"|order by test_"
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_shows_how_to_choose_by_test(document: str) -> None:
    assert not CHOOSING.findall((ROOT / document).read_text("utf-8"))


def test_ways_to_choose_by_test_are_found() -> None:
    for line in (
        'points.groupby("vectors")["test_macro_f1"].max()',
        'points.sort_values("test_macro_f1")',
        "select max(test_macro_f1) from",
        'run.best(by="test_micro_f1")',
    ):
        assert CHOOSING.search(line), line
