"""One Ray job that searches architecture, quantization, temperature and thresholds together.

`load_run`, `load_artifact`, `read_corpus`, `space`, `sweep` and `compare` are what it offers
Python: each is loaded when it is asked for. Jobs for a shell: `emoray --help`.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoray.api import compare, load_artifact, load_run, read_corpus, space, sweep

    __version__: str

__all__ = ["__version__", "compare", "load_artifact", "load_run", "read_corpus", "space", "sweep"]

# Libraries that would report their use, each switched off before it is imported. onnxruntime
# writes a device id and a queue of events into the user's cache; a set but empty value is unset.
NO_TELEMETRY = {
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",
}
for _name, _value in NO_TELEMETRY.items():
    os.environ[_name] = os.environ.get(_name) or _value

PYPROJECT = "pyproject.toml"
UNKNOWN = "0+unknown"


def _version() -> str:
    """Version of the installed package; without one, that of the checkout's pyproject.toml."""
    from importlib import metadata
    from pathlib import Path

    try:
        return metadata.version("emoray")
    except metadata.PackageNotFoundError:
        import tomllib

        checkout = Path(__file__).resolve().parent.parent / PYPROJECT
        try:
            project = tomllib.loads(checkout.read_text("utf-8"))["project"]
        except (OSError, KeyError, ValueError):
            return UNKNOWN
        return str(project["version"]) if project.get("name") == "emoray" else UNKNOWN


def __getattr__(name: str) -> Any:
    """Import public names on first access: importing emoray itself stays quick."""
    if name == "__version__":
        return globals().setdefault(name, _version())
    if name in __all__:
        from importlib import import_module

        return globals().setdefault(name, getattr(import_module("emoray.api"), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
