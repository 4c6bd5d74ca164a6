"""The map of the code, kept true: who may import whom, and where the heavy libraries stay."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(p for top in ("emoray", "jobs") for p in (ROOT / top).rglob("*.py"))
NAMES = {str(p.relative_to(ROOT)): p for p in FILES}

# Station -> the stations it may import from, besides itself.
ARROWS: dict[str, set[str]] = {
    "storage": set(),
    "labels": set(),
    "text": {"labels", "storage.cache", "storage.names"},
    "quant": set(),
    "model": {"quant", "text.own_vectors.settings"},
    "metrics": set(),
    "decide": {"metrics"},
    "export": {"quant"},
    "tables": {"storage", "metrics"},
    "trial": {
        *("storage", "labels", "text", "model", "quant"),
        *("metrics", "decide", "export", "tables"),
    },
    "fleet": {
        "storage",
        "labels",
        "text",
        "tables",
        "trial",
        "model.recipe",
        "model.bert.recipe",
        "model.losses",
        "model.sample",
        "model.augmentation",
        "model.vectors",
        "quant",
        "decide.ensemble",
        "decide.thresholds",
        "decide.weighing",
    },
    "jobs": {"fleet", "trial", "tables", "storage"},
}
PEERS = "emoray/trial/benchmark/peers"  # scripts of other tools, run by interpreters of their own
MARIAN = "emoray/text/translation/marian_handle.py"  # the one file of the translator that loads it
OPENED = "emoray/text/opened.py"  # a tokenizer as transformers opens it
# Heavy library -> the only places that may import it.
HOMES: dict[str, set[str]] = {
    "boto3": {"emoray/storage"},
    "botocore": {"emoray/storage"},
    "ray": {"emoray/fleet"},
    "grpc": {"emoray/fleet"},
    "optuna": {"emoray/fleet"},
    "tensorflow": {"emoray/model"},
    "keras": {"emoray/model"},
    "torch": {"emoray/model", "emoray/quant/qat", MARIAN, PEERS},
    "transformers": {"emoray/model/bert", OPENED, MARIAN, PEERS},
    "safetensors": {"emoray/model/bert", MARIAN},
    "huggingface_hub": {
        "emoray/model/bert/sources.py",
        "emoray/text/translation/marian_files.py",
    },
    "datasets": {"emoray/text/bring/hub.py"},
    "tokenizers": {"emoray/text", "emoray/model/bert"},
    "onnx": {"emoray/export", PEERS},
    "onnxruntime": {"emoray/export", PEERS},
    "altair": {"emoray/tables/report"},
    "vl_convert": {"emoray/tables/report"},
    "jinja2": {"emoray/tables/report"},
    "pandas": {"emoray/tables", "emoray/fleet/finish.py"},
    "requests": {"emoray/text"},
    "typer": {"jobs"},
}
OWN = {"NO_TELEMETRY", "__version__"}  # what emoray/__init__.py says itself, for everyone
LOAD = "emoray/tables/__init__.py"  # `emoray.tables.load`, the one thing a package offers itself
# What a finished run offers beyond its tables, imported when it is called: nothing comes back.
DOORS = {"emoray/tables/run.py": {"emoray.trial.shipped"}}
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc"}


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, inside functions too."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: imports are absolute"
            module = node.module or ""
            if module in ("emoray", "jobs"):
                found += [f"{module}.{alias.name}" for alias in node.names]
            else:
                found.append(module)
    return tuple(found)


def station(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "jobs" if parts[0] == "jobs" else parts[1]


def allowed(module: str, by: str) -> bool:
    """`module` is ours, `emoray.x.y` or `jobs.x`; `by` is the station that imports it."""
    if module.split(".")[0] == "jobs":
        return by == "jobs"
    inner = module.split(".", 1)[1] if "." in module else ""
    return inner in OWN or any(
        inner == ok or inner.startswith(f"{ok}.") for ok in {by, *ARROWS[by]}
    )


@pytest.mark.parametrize("name", NAMES)
def test_imports_follow_the_arrows(name: str) -> None:
    path = NAMES[name]
    ours = [m for m in imported(path) if m.split(".")[0] in ("emoray", "jobs")]
    if path.parent.name == "emoray":
        assert station(path) in {*ARROWS, "__init__"}, f"{name} is no station of the map"
    if name == "emoray/__init__.py":
        cheap = {"os", "typing", "importlib", "pathlib", "tomllib"}
        assert set(imported(path)) <= cheap, "the first import of all stays a cheap one"
    elif path.name == "__init__.py" and name != LOAD:
        assert not imported(path), f"{name} holds a docstring, no imports"
    known = DOORS.get(name, set())
    against = [m for m in ours if not allowed(m, station(path)) and m not in known]
    assert not against, f"{name} must not import {against}"


def test_what_a_package_offers_itself_is_imported_when_it_is_called() -> None:
    body = ast.parse(NAMES[LOAD].read_text("utf-8")).body
    at_once = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_once] == ["from typing import TYPE_CHECKING"]


@pytest.mark.parametrize("name", DOORS)
def test_a_door_is_opened_when_it_is_gone_through(name: str) -> None:
    body = ast.parse(NAMES[name].read_text("utf-8")).body
    at_once = {node.module for node in body if isinstance(node, ast.ImportFrom)}
    assert not at_once & DOORS[name]


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_stays_at_home(library: str) -> None:
    homes = HOMES[library]
    strays = [
        name
        for name, path in NAMES.items()
        if any(m.split(".")[0] == library for m in imported(path))
        and not any(name == home or name.startswith(f"{home}/") for home in homes)
    ]
    assert not strays, f"{library} belongs into {sorted(homes)}, got {strays}"


def test_no_module_has_a_vague_name() -> None:
    vague = [name for name, path in NAMES.items() if {path.stem, path.parent.name} & VAGUE]
    assert not vague


def test_every_folder_of_emoray_stands_on_the_map() -> None:
    folders = {p.name for p in (ROOT / "emoray").iterdir() if (p / "__init__.py").exists()}
    assert folders <= set(ARROWS)


def test_the_map_has_no_way_round() -> None:
    reached: dict[str, set[str]] = {}
    for name in [name for name in ARROWS if name not in ("fleet", "jobs")]:
        below = {arrow.split(".")[0] for arrow in ARROWS[name]}
        assert below <= set(reached), f"{name} must only import what stands before it"
        reached[name] = below
    assert "trial" not in ARROWS["tables"] and "fleet" not in ARROWS["trial"]
