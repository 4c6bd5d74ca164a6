"""A file of plain data, and the line that each part of it begins on, for messages."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

Trail = tuple[str | int, ...]  # keys and indices that lead to a part
DEEPEST = 20  # a file that holds itself is refused there


class FormError(ValueError):
    """A mistake in a space that is written in words, and the part that it is in."""

    def __init__(self, at: Trail, why: str) -> None:
        super().__init__(why)
        self.at, self.why = at, why


def nearest(word: object, known: Iterable[object]) -> str:
    """What to do about an unknown word: the nearest known one, else all."""
    names = [str(each) for each in known]
    near = get_close_matches(str(word), names, n=1)
    if near:
        return f"do you mean {near[0]}?"
    return f"name one of {', '.join(names[:30])}{', …' if len(names) > 30 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file says.

    Attributes:
        name: of the file, as messages name it.
        data: plain data.
        lines: on which each part begins; empty where the format does not tell.
    """

    name: str
    data: Any
    lines: Mapping[Trail, int] = field(default_factory=dict)

    def where(self, at: Trail) -> str:
        """The place of a part: file, line and keys."""
        steps = (at[:end] for end in range(len(at), -1, -1))
        line = next((self.lines[step] for step in steps if step in self.lines), None)
        keys = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in at).lstrip(".")
        parts = (self.name, f"line {line}" if line else "", keys)
        return ", ".join(part for part in parts if part)

    def refusal(self, error: FormError) -> ValueError:
        """The mistake with its place."""
        return ValueError(f"{self.where(error.at)}: {error.why}")


class _Reader:
    """Plain data of YAML nodes."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.loader = loader
        self.lines: dict[Trail, int] = {}
        self.merged: set[int] = set()

    def plain(self, node: yaml.Node, at: Trail = ()) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if len(at) > DEEPEST:
            raise FormError(at[:3], "a space nests a few levels, got one that holds itself")
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(part, (*at, i)) for i, part in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return self.loader.construct_object(node)
        if id(node) not in self.merged:
            self.merged.add(id(node))
            self._refuse_twice(node, at)
            self.loader.flatten_mapping(node)
        found = {}
        for key_node, value in node.value:
            key = self.loader.construct_object(key_node)
            if not isinstance(key, str):
                raise FormError(at, f"a key is a word, got {key!r}: put it into quotes")
            self.lines[*at, key] = key_node.start_mark.line + 1
            found[key] = self.plain(value, (*at, key))
        return found

    def _refuse_twice(self, node: yaml.MappingNode, at: Trail) -> None:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if key_node.value in seen and key_node.value != "<<":
                raise FormError(
                    at,
                    f"a key stands once, got {key_node.value!r} on lines "
                    f"{seen[key_node.value]} and {line}: keep one, several values are a list",
                )
            seen[key_node.value] = line


def parsed(text: str, name: str) -> Document:
    """Read YAML, or JSON or TOML by the ending of the name; ValueError where it is none."""
    try:
        if name.endswith(".json"):
            return Document(name=name, data=json.loads(text))
        if name.endswith(".toml"):
            return Document(name=name, data=tomllib.loads(text))
        loader = yaml.SafeLoader(text)
        reader = _Reader(loader)
        node = loader.get_single_node()
        data = None if node is None else reader.plain(node)
    except FormError as error:
        raise Document(name=name, data=None, lines=reader.lines).refusal(error) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or error
        raise ValueError(f"{name}{line}: a space is YAML, got what is none ({why})") from error
    except ValueError as error:  # of json and tomllib
        kind = name.rpartition(".")[2].upper()
        raise ValueError(f"{name}: a space is {kind} here, got what is none ({error})") from error
    return Document(name=name, data=data, lines=reader.lines)


def read_document(path: Path) -> Document:
    """Read a file; ValueError where it is not there or cannot be read."""
    try:
        return parsed(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"a space's file is text, got {path}: {error}") from error
