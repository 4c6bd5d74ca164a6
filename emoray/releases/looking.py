"""What a history says: what was in production before, which artifact is meant, what differs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emoray.releases.names import ALIASES, DIGITS, SHORT
from emoray.releases.record import ADD, PROMOTE, ROLLBACK, Release

NOTHING = "–"


def productions(releases: Sequence[Release]) -> list[str]:
    """The artifacts that a rollback goes back over, the current one last.

    A promotion puts one on top, a rollback takes one off: so a second rollback goes further back,
    and what was rolled back is not come to again.

    Args:
        releases: a model's history.

    Returns:
        Their SHA-256.
    """
    found: list[str] = []
    for release in releases:
        if release.action == PROMOTE:
            found.append(release.artifact)
        elif release.action == ROLLBACK:
            found.pop()
    return found


def last_of(releases: Sequence[Release], sha256: str, *actions: str) -> Release | None:
    """The last release of an artifact by one of these actions."""
    found = [r for r in releases if r.artifact == sha256 and r.action in (actions or (r.action,))]
    return found[-1] if found else None


def chosen_release(releases: Sequence[Release], which: str) -> Release:
    """The release that is meant.

    Args:
        releases: a model's history.
        which: a number, an alias, or first digits of an artifact's SHA-256, of which the last
            release is taken.

    Returns:
        The release.

    Raises:
        ValueError: there is none, or several artifacts begin so.
    """
    newest = releases[-1]
    if which.isdecimal() and 1 <= int(which) <= len(releases):
        return releases[int(which) - 1]
    if which in ALIASES:
        if (sha := newest.aliases.get(which)) is None:
            pointing = ", ".join(f"{a} {s[:SHORT]}" for a, s in newest.aliases.items())
            raise ValueError(
                f"an alias points to an artifact, got {which}, which points to none after release "
                f"{newest.number}: name another ({pointing}), or a release by its number"
            )
        found = last_of(releases, sha)
        assert found is not None, "an alias points to what was released"
        return found
    shas = {
        r.artifact for r in releases if DIGITS.fullmatch(which) and r.artifact.startswith(which)
    }
    if len(shas) == 1:
        found = last_of(releases, shas.pop())
        assert found is not None
        return found
    known = ", ".join(dict.fromkeys(r.artifact[:SHORT] for r in releases))
    raise ValueError(
        f"a release is named by its number (1 to {len(releases)}), an alias ({', '.join(ALIASES)}) "
        f"or first digits of its artifact ({known}), got {which!r}"
        f"{', of which there are several' if shas else ''}: name one of these"
    )


def about(releases: Sequence[Release], sha256: str) -> Mapping[str, Any]:
    """What was noted of an artifact when it was added."""
    found = last_of(releases, sha256, ADD)
    return {} if found is None else found.about


def kept_gates(releases: Sequence[Release]) -> Mapping[str, Any]:
    """The gates of the last promotion that had any."""
    return next((r.gates for r in reversed(releases) if r.gates is not None), {})


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for inner, more in value.items():
            yield from _flat(more, f"{name}.{inner}" if name else str(inner))
    else:
        yield name, value


def facts_of(releases: Sequence[Release], release: Release) -> dict[str, Any]:
    """What is known of a release's artifact: as it was added, and as it was last measured."""
    measured = [r for r in releases if r.artifact == release.artifact and r.figures]
    added = about(releases, release.artifact)
    card = dict(added.get("card") or {})
    return {
        **{name: added.get(name) for name in ("labels", "size_bytes", "model_sha256")},
        **{n: card.get(n) for n in ("family", "scheme", "recipe", "vectors", "corpus", "point")},
        **dict(_flat({"decision": added.get("decision") or {}})),
        **dict(_flat({"card": {"scores": card.get("scores"), "latency": card.get("latency")}})),
        **(dict(_flat({"measured": measured[-1].figures})) if measured else {}),
    }


def differences_between(
    releases: Sequence[Release], before: Release, after: Release
) -> list[tuple[str, Any, Any]]:
    """What two releases' artifacts differ in: name, before, after; None where one has none."""
    old, new = facts_of(releases, before), facts_of(releases, after)
    return [
        (name, old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def pointing_to(release: Release, newest: Release) -> str:
    """The aliases that point to a release's artifact now, of which the newest release says."""
    return " ".join(a for a in ALIASES if newest.aliases.get(a) == release.artifact)
