"""One Ray job that searches architecture, quantization, temperature and thresholds together."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str

# Libraries that would tell others of their use, each told not to before it is imported. onnxruntime
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
    """Of the installed package; of a checkout that nobody installed, as its pyproject.toml says."""
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


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for: importing emoray stays free of charge."""
    if name == "__version__":
        return globals().setdefault(name, _version())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
