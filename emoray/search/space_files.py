"""Which values of `--space` are files of the user's own, and what a run of one is called."""

from pathlib import Path

ENDINGS = (".yaml", ".yml", ".json", ".toml")
PYTHON = ".py"


def of_python(space: str) -> tuple[Path, str]:
    """The Python file and the name in it; the name is empty where none is given."""
    path, mark, name = space.rpartition(":")
    return (Path(path), name) if mark and path.endswith(PYTHON) else (Path(space), "")


def is_own(space: str) -> bool:
    """Whether it is a file, not the name of a space."""
    return of_python(space)[0].name.endswith((*ENDINGS, PYTHON))


def short_name(space: str) -> str:
    """What a run of it is called: the file's name, of a Python file the name in it."""
    path, name = of_python(space)
    return name or (path.stem if is_own(space) else space)
