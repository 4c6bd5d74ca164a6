"""The map of the code, kept true: who may import whom, and where the heavy libraries stay."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(p for top in ("emoray", "jobs") for p in (ROOT / top).rglob("*.py"))
NAMES = {str(p.relative_to(ROOT)): p for p in FILES}

# Folder -> the folders and files that it may import from, besides itself: each stands before it.
ARROWS: dict[str, set[str]] = {
    "labels": set(),
    "options": set(),
    "storage": {"options"},
    "console": set(),
    "quant": set(),
    "metrics": set(),
    "data": {"labels", "options", "storage", "console.progress"},
    "text": {"options", "data.download", "data.utf8", "storage.cache"},
    "augment": {"text.words"},
    "models": {"quant", "text.vectors.settings", "storage.cache"},
    "decide": {"metrics"},
    "releases": {"storage"},
    "artifact": {"labels", "storage.location", "releases"},
    "provenance": {"artifact.cpu"},
    "export": {
        *("quant", "artifact.scoring", "models.encoder.relative", "models.encoder.architecture"),
    },
    "serving": {
        *("options", "artifact.runtime", "storage.s3", "storage.cache", "releases.resolving"),
    },
    "tables": {"storage", "console", "metrics", "releases"},
    "experiments": {"metrics", "tables"},
    "monitoring": {"options", "metrics", "tables"},
    "report": {"tables", "storage", "console", "metrics"},
    "stages": {
        *("labels", "storage", "quant", "metrics", "data", "text", "augment", "models"),
        *("decide", "artifact", "export", "tables"),
    },
    "prediction": {"storage", "artifact"},
    "distributed": {
        *("options", "storage", "console", "tables", "stages", "provenance", "models.memory"),
    },
    "search": {
        *("labels", "storage", "console", "data.groups", "text", "augment", "quant", "decide"),
        *("tables", "stages", "distributed", "models", "metrics"),
    },
    "workflows": {
        *("labels", "options", "storage", "console", "quant", "metrics", "data", "text"),
        *("augment", "models", "decide", "artifact", "provenance", "tables", "report", "stages"),
        *("distributed", "search", "experiments", "releases", "prediction", "monitoring"),
    },
    "promotion": {
        *("labels", "storage", "console", "metrics", "data", "artifact", "releases", "tables"),
        *("stages", "workflows"),
    },
    "benchmarks": {
        *("labels", "options", "storage", "console", "quant", "metrics", "data", "text"),
        *("models", "decide", "artifact", "provenance", "export", "tables", "report", "stages"),
        *("distributed", "search", "workflows", "serving.extra", "augment.apertium", "monitoring"),
    },
    "api": {
        *("storage.location", "data.corpus", "data.finding", "data.importing.settings"),
        *("artifact.runtime", "releases.resolving", "tables"),
        *("workflows.sweep", "workflows.compare", "workflows.settings"),
        *("search.form", "search.joint_space", "search.spaces"),
    },
    "jobs": {
        *("options", "storage", "tables", "report", "workflows", "promotion", "benchmarks"),
        "serving",
    },
}
SHARE = 0.15  # of all lines that one folder may hold
LONGEST = 400  # lines of a file
ALONE = "emoray/artifact/runtime.py"  # one file, for whoever serves with nothing else of emoray
RAY = {
    *("emoray/distributed", "emoray/search", "emoray/benchmarks"),
    *("emoray/workflows/improve.py", "emoray/workflows/publish.py"),
    *("emoray/workflows/predict/scoring.py", "emoray/serving/on_ray.py"),
}
PEERS = "emoray/benchmarks/peers"  # scripts of other tools, run by interpreters of their own
MARIAN = "emoray/augment/marian_handle.py"  # the one file of the translator that loads it
OPENED = "emoray/text/opened.py"  # a tokenizer as transformers opens it
# Heavy library -> the only places that may import it.
HOMES: dict[str, set[str]] = {
    "boto3": {"emoray/storage"},
    "botocore": {"emoray/storage"},
    "ray": RAY,
    "grpc": {"emoray/distributed"},
    "optuna": {"emoray/search"},
    "tensorflow": {"emoray/models/word"},
    "keras": {"emoray/models/word", "emoray/models/features"},
    "torch": {"emoray/models", "emoray/quant/qat", MARIAN, PEERS},
    "transformers": {"emoray/models/encoder", OPENED, MARIAN, PEERS},
    "safetensors": {"emoray/models/encoder", MARIAN},
    "huggingface_hub": {
        "emoray/models/encoder/sources.py",
        "emoray/augment/marian_files.py",
    },
    "datasets": {"emoray/data/importing/hub.py"},
    "tokenizers": {"emoray/text", "emoray/models/encoder"},
    "onnx": {"emoray/export", PEERS},
    "onnxruntime": {"emoray/artifact", "emoray/export/optimised.py", PEERS},
    "altair": {"emoray/report"},
    "vl_convert": {"emoray/report"},
    "jinja2": {"emoray/report"},
    "pandas": {
        *("emoray/tables", "emoray/report"),
        *("emoray/workflows/ship_front.py", "emoray/workflows/ending.py", "emoray/api.py"),
    },
    "requests": {"emoray/data/download.py"},
    "typer": {"jobs"},
    "starlette": {"emoray/serving"},
    "uvicorn": {"emoray/serving"},
    "prometheus_client": {"emoray/serving", "emoray/monitoring/prometheus.py"},
}
OWN = {"NO_TELEMETRY", "__version__"}  # what emoray/__init__.py says itself, for everyone
LOAD = "emoray/tables/__init__.py"  # `load_run`, the one thing a package offers itself
# What a finished run offers beyond its tables, imported when it is called: nothing comes back.
DOORS = {
    "emoray/__init__.py": {"emoray.api"},
    "emoray/tables/run.py": {"emoray.workflows.ship_row"},
}
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
        cheap = {"os", "typing", "importlib", "pathlib", "tomllib", "emoray.api"}
        assert set(imported(path)) <= cheap, "the first import of all stays a cheap one"
        return
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


def test_tests_stand_in_folders_of_the_code() -> None:
    tests = ROOT / "tests"
    across = {"cluster", "faults", "security"}  # of the whole, not of a folder
    folders = {p.parent.relative_to(tests) for p in tests.rglob("test_*.py")}
    code = {Path(name).parent for name in NAMES}
    code = {Path(*f.parts[1:]) if f.parts[0] == "emoray" else f for f in code}
    strays = {str(f) for f in folders - code if f.parts[0] not in across}
    assert not strays, f"tests mirror emoray/ and jobs/, got folders of tests alone: {strays}"


def test_the_map_has_no_way_round() -> None:
    before: set[str] = set()
    for name, arrows in ARROWS.items():
        below = {arrow.split(".")[0] for arrow in arrows}
        assert below <= before, f"{name} must only import what stands before it"
        before.add(name)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files_imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, each by the file that it is."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (named & MODULES) or {str(node.module)} & MODULES
    return found - {module_of(path)}


MODULES = {module_of(path) for path in FILES}


def test_no_file_imports_itself_by_a_way_round() -> None:
    doors = {(module_of(NAMES[by]), module) for by, modules in DOORS.items() for module in modules}
    left = {module_of(path): files_imported(path) for path in FILES}
    left = {by: {m for m in into if (by, m) not in doors} for by, into in left.items()}
    while ends := {module for module, into in left.items() if not into & set(left)}:
        left = {module: into for module, into in left.items() if module not in ends}
    assert not left, f"these import each other: {sorted(left)}"


def test_no_folder_holds_most_and_no_file_is_long() -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in NAMES.items()}
    long = {name: n for name, n in lines.items() if n > LONGEST and name != ALONE}
    assert not long, f"a file holds one idea in at most {LONGEST} lines, got {long}"
    for folder in ARROWS:
        own = sum(n for name, n in lines.items() if station(NAMES[name]) == folder)
        assert own <= SHARE * sum(lines.values()), f"{folder} holds {own} lines"


def test_what_serves_an_artifact_needs_nothing_else_of_emoray() -> None:
    assert not [m for m in imported(NAMES[ALONE]) if m.split(".")[0] in ("emoray", "jobs")]
