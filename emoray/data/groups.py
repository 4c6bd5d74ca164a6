"""A taxonomy of a user's own over the labels of a corpus: a JSON file of groups.

`{"good": ["joy", "love"], "bad": ["anger", "low"], "low": ["grief", "sadness"]}`: a group names
labels, or other groups of the file. Those that no other group names are the taxonomy's labels, and
the file's name without its ending is what the taxonomy is called.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from emoray.labels import TAXONOMIES, Taxonomy


def _near(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"the labels are {', '.join(known[:30])}"


def _checked(groups: Any, of: Sequence[str]) -> dict[str, list[str]]:
    """Groups by name, each at least one label or group; ValueError for another form."""
    form = '{"group": ["label", …], …}'
    if not isinstance(groups, Mapping) or len(groups) < 2:
        raise ValueError(f"groups are an object of two groups or more, got {groups!r:.60}: {form}")
    for name, parts in groups.items():
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError(f"a group is a list of labels, got {parts!r:.60} for {name!r}: {form}")
        if not parts:
            raise ValueError(
                f"a group has at least one label, got none for {name!r}: name some, or drop it"
            )
        for part in parts:
            if part not in of and part not in groups:
                raise ValueError(
                    f"a group names labels of the corpus or groups of the file, got {part!r} in "
                    f"{name!r}: {_near(part, list(of))}"
                )
    return {str(name): list(parts) for name, parts in groups.items()}


def _labels_in(
    name: str, groups: Mapping[str, Sequence[str]], of: Sequence[str], through: tuple[str, ...] = ()
) -> list[str]:
    """The labels that a group holds, those of its groups included."""
    if name in through:
        path = " → ".join((*through[through.index(name) :], name))
        raise ValueError(
            f"a group holds no group that holds it again, got {path}: take one of them out"
        )
    found: list[str] = []
    for part in groups[name]:
        # a group may be called as one label of it: then the name is the label
        if part in groups and not (part in of and part == name):
            found += _labels_in(part, groups, of, (*through, name))
        else:
            found.append(part)
    return found


def grouped(name: str, groups: Any, of: Sequence[str]) -> Taxonomy:
    """The taxonomy of groups of labels.

    Args:
        name: of the taxonomy.
        groups: as the file holds them.
        of: the labels of the corpus.

    Returns:
        A taxonomy whose labels are the groups that no other group names.

    Raises:
        ValueError: an unknown label, one that stands in two groups or in none, an empty group,
            groups that hold each other, or a name that is taken.
    """
    if name in TAXONOMIES:
        raise ValueError(
            f"a taxonomy of your own has a name of its own, got {name!r}: rename the file"
        )
    parts = _checked(groups, of)
    held = {part for own, inner in parts.items() for part in inner if part in parts and part != own}
    found = {group: _labels_in(group, parts, of) for group in parts}  # refuses circles
    tops = {group: labels for group, labels in found.items() if group not in held}
    homes: dict[str, list[str]] = {}
    for group, labels in tops.items():
        for label in labels:
            homes.setdefault(label, []).append(group)
    for label, own in homes.items():
        if len(own) > 1:
            raise ValueError(
                f"a label stands in one group, once, got {label!r} in {' and '.join(own)}: take it "
                "out of all but one"
            )
    if missing := [label for label in of if label not in homes]:
        raise ValueError(
            f"every label of the corpus stands in a group, got none with {', '.join(missing[:10])}:"
            " put each into one, or into a group of its own"
        )
    return Taxonomy(
        name=name,
        labels=tuple(tops),
        members=tuple(tuple(sorted(of.index(label) for label in each)) for each in tops.values()),
        of=tuple(of),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(f"a group is named once, got {twice[0]!r} twice: join the two")
    return dict(pairs)


def read_groups(path: Path, of: Sequence[str]) -> Taxonomy:
    """The taxonomy of a file of groups; ValueError names the file and what is wrong in it."""
    try:
        groups = json.loads(path.read_text("utf-8"), object_pairs_hook=_once)
    except FileNotFoundError:
        raise ValueError(f"--groups is a file of JSON, got nothing at {path}: check it") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"--groups is a file of JSON, got {path} ({error}): correct it") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        return grouped(path.stem, groups, of)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
