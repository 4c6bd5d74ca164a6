"""A space of one's own: a file of YAML, or a name in a Python file."""

import sys
import traceback
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from emoray.search.form.document import Document, FormError, nearest, read_document
from emoray.search.form.space_form import form_digest, read_space
from emoray.search.joint_space import JointSpace
from emoray.search.space_files import PYTHON, of_python, short_name
from emoray.search.spaces import Space


def _line_in(path: Path, error: BaseException) -> str:
    """The last line of the file that an error came through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""


def _module(path: Path) -> Any:
    """The user's file, run as a module that finds the files beside it."""
    spec = spec_from_file_location(f"space_of_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _from_python(text: str) -> Any:
    """What the name in a Python file gives: a space, or plain data of one."""
    path, name = of_python(text)
    path = path.absolute()
    if not path.is_file():
        raise ValueError(f"a space's file must be there, got {path}: check the path")
    try:
        module = _module(path)
        public = [n for n, v in vars(module).items() if n[0] != "_" and _may_give(v, module)]
        if not name or not hasattr(module, name):
            raise FormError(
                (),
                f"a space of a Python file is FILE:NAME, got {text!r}: {nearest(name, public)}"
                if public
                else f"a space is a function or a value in its file, got none in {path.name}: "
                "write def wide(): return emoray.space(recipes=…, schemes=…)",
            )
        found = getattr(module, name)
        return found() if callable(found) else found
    except FormError:
        raise
    except Exception as error:  # the user's code
        why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path.name}{_line_in(path, error)}: {why}") from error


def _may_give(value: Any, module: Any) -> bool:
    own = getattr(value, "__module__", None) == module.__name__
    return isinstance(value, Space | JointSpace | dict) or (callable(value) and own)


def own_space(text: str) -> Space | JointSpace:
    """Read the space of a file.

    Args:
        text: `space.yaml` (or .json, .toml), or `my_space.py:wide`, a function without arguments or
            a value that gives a space, or plain data of one.

    Returns:
        The space, its recipes of the default taxonomy. A mistake in it is a ValueError, with file,
        line and key.
    """
    document = Document(name=Path(text).name, data=None)
    name = short_name(text)
    try:
        if of_python(text)[0].suffix == PYTHON:
            document = replace(document, data=_from_python(text))
        else:
            document = read_document(Path(text))
        found = document.data
        space = found if isinstance(found, Space | JointSpace) else read_space(found, name)
    except FormError as error:
        raise document.refusal(error) from error
    if isinstance(space, JointSpace):
        return replace(space, name=f"{name}-{form_digest(space)[:6]}")
    return space


def in_taxonomy(space: Space | JointSpace, taxonomy: str) -> Space | JointSpace:
    """The space with its recipes of one taxonomy; a joint one has a study for each."""
    if isinstance(space, JointSpace):
        base = replace(space.base, taxonomy=taxonomy)
        return replace(space, base=base, name=f"{space.name}-{taxonomy}")
    recipes = (replace(recipe, taxonomy=taxonomy) for recipe in space.recipes)
    return replace(space, recipes=tuple(dict.fromkeys(recipes)))
