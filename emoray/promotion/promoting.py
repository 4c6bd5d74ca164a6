"""`jobs.release promote` and `rollback`: what is in production changes at one moment, or not."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from emoray.artifact.loading import open_artifact
from emoray.console.progress import progress
from emoray.metrics.change import BETTER, EQUIVALENT
from emoray.metrics.convention import MARGIN
from emoray.promotion.judging import (
    DEV,
    FLATTERED,
    compared,
    figures_table,
    judged_artifact,
    verdict_of,
)
from emoray.releases.looking import chosen_release, kept_gates, productions
from emoray.releases.names import CANDIDATE, PREFIX, PRODUCTION, SHORT
from emoray.releases.record import PROMOTE, ROLLBACK, Release
from emoray.releases.resolving import artifact_folder, check_whole, model_folder
from emoray.releases.writing import release_next
from emoray.tables.releases import whole_history, write_releases
from emoray.tables.terminal import AS_IT_IS, print_titled
from emoray.workflows.evaluate import measure_artifact
from emoray.workflows.settings.evaluate import GATES, LOW, Gates
from emoray.workflows.settings.release import GATE_ON, MARGIN_GATE, PromoteRelease, RollBack

INCOMPARABLE = "incomparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a promotion found out. failed: a line for each gate, and the verdict, that says no."""

    figures: Mapping[str, Any] | None
    verdict: Mapping[str, Any] | None
    failed: tuple[str, ...]


def gates_asked(settings: PromoteRelease, releases: Sequence[Release]) -> tuple[Gates, float]:
    """The gates and the margin of a promotion: as given, else as the one before had them."""
    lifted = {name.replace("-", "_") for name in settings.lifted}
    before = {n: value for n, value in kept_gates(releases).items() if n not in lifted}
    given = {name: limit for name, limit in settings.gates.limits.items() if limit is not None}
    kept = {name: before[name] for name in GATES if name in before}
    on = LOW if before.get(GATE_ON) == LOW else settings.gates.on
    margin = before.get(MARGIN_GATE, MARGIN) if settings.margin is None else settings.margin
    return replace(settings.gates, **{**kept, **given}, on=on), margin


def _noted_gates(gates: Gates, margin: float) -> dict[str, Any]:
    limits = {name: limit for name, limit in gates.limits.items() if limit is not None}
    return {**limits, GATE_ON: gates.on, MARGIN_GATE: margin, "min_texts": gates.least_texts}


def find_out(
    settings: PromoteRelease,
    sha256: str,
    current: str | None,
    gates: Gates,
    margin: float,
    console: Console,
) -> Findings:
    """Measure an artifact, and compare it with production on the same texts.

    Args:
        settings: which texts.
        sha256: of the artifact.
        current: SHA-256 of what is in production; None where nothing is.
        gates: that must hold.
        margin: of the verdict.
        console: for what was measured.

    Returns:
        The findings. Where the promotion is forced, what could not be found out is one of them.

    Raises:
        ValueError: it cannot be measured or compared, and is not forced.
        OSError: the same of a file.
    """
    try:
        artifact = open_artifact(artifact_folder(settings.model, sha256))
        with progress(console, "scoring, timing and comparing"):
            after = judged_artifact(settings, artifact, console)
            measured, _, _ = measure_artifact(after.finished, after.said)
            found = None
            if current is not None:
                live = open_artifact(artifact_folder(settings.model, current))
                found = compared(
                    judged_artifact(settings, live, Console(quiet=True)), after, margin
                )
    except (ValueError, OSError) as error:
        if not settings.force:
            raise
        verdict = {"against": current, "verdict": INCOMPARABLE, "words": str(error)}
        return Findings(figures=None, verdict=verdict, failed=(f"not compared: {error}",))
    print_titled(console, figures_table(after, measured, found, gates))
    if after.split == DEV:
        console.print(FLATTERED, style="dim", **AS_IT_IS)
    failed = [line for _, line in gates.failed(measured)]
    if found is not None:
        console.print(f"{sha256[:SHORT]} against production: {found.words}", **AS_IT_IS)
        if found.verdict not in (BETTER, EQUIVALENT):
            failed.append(f"verdict against production: {found.words}")
    else:
        console.print("nothing is in production yet: there is no verdict", **AS_IT_IS)
    assert current is None or found is not None
    return Findings(
        figures={**after.facts, **measured},
        verdict=None if found is None or current is None else verdict_of(found, current),
        failed=tuple(failed),
    )


def _fail_closed(settings: PromoteRelease, failed: Sequence[str]) -> None:
    """Print what said no; refuse (ValueError) unless the promotion is forced."""
    for line in failed:
        print(line, file=sys.stderr)  # noqa: T201 — what a CI shows
    if failed and not settings.force:
        raise ValueError(
            "a promotion holds every gate and is better than production, or equivalent, got "
            f"{len(failed)} that {'does' if len(failed) == 1 else 'do'} not hold: nothing was "
            "changed; decide on more texts with --texts, add another artifact, or --force --why "
            "TEXT"
        )


def _who_won(release: Release, name: str) -> str:
    return (
        f"release {release.number} by {release.who} ({release.action} of "
        f"{release.artifact[:SHORT]}, {release.time}) came first: nothing was changed here. See "
        f"`python -m jobs.release show {name}`, then run the same command again"
    )


def _switched(before: Sequence[Release], seen: str | None, name: str) -> None:
    """Refuse (ValueError) where production is another than the one that was seen."""
    now = before[-1].aliases.get(PRODUCTION)
    if now != seen:
        last = next(r for r in reversed(before) if r.action in (PROMOTE, ROLLBACK))
        raise ValueError(
            f"production changes from what was looked at, got {str(now)[:SHORT]} there in place of "
            f"{seen[:SHORT] if seen else 'nothing'}: {_who_won(last, name)}"
        )


def _said(settings: PromoteRelease | RollBack, release: Release, console: Console) -> None:
    write_releases(settings.model)
    name, sha = settings.name, release.artifact[:SHORT]
    stack = productions(whole_history(settings.model))
    back = (
        f"`python -m jobs.release rollback {name}` goes back to {stack[-2][:SHORT]}"
        if len(stack) > 1
        else "nothing was in production before it"
    )
    console.print(
        f"release {release.number} of {name}: {sha} is in production"
        f"{', forced' * release.forced}, {PREFIX}{name}@{PRODUCTION}; {back}",
        **AS_IT_IS,
    )


def run_promote(settings: PromoteRelease, console: Console | None = None) -> None:
    """Put an artifact into production if its gates hold and it is no worse than what is there."""
    console = console or Console()
    model_folder(settings.name, settings.models)
    releases = whole_history(settings.model)
    sha = chosen_release(releases, settings.which).artifact
    check_whole(settings.model, sha)
    current = releases[-1].aliases.get(PRODUCTION)
    if sha == current:
        console.print(f"{sha[:SHORT]} is in production already: nothing was changed", **AS_IT_IS)
        return
    gates, margin = gates_asked(settings, releases)
    found = find_out(settings, sha, current, gates, margin, console)
    _fail_closed(settings, found.failed)

    def decide(before: Sequence[Release]) -> dict[str, Any]:
        _switched(before, current, settings.name)
        aliases = {a: s for a, s in before[-1].aliases.items() if (a, s) != (CANDIDATE, sha)}
        return {
            "who": settings.by,
            "action": PROMOTE,
            "artifact": sha,
            "why": settings.why,
            "forced": bool(found.failed),
            "aliases": {**aliases, PRODUCTION: sha},
            "gates": _noted_gates(gates, margin),
            "figures": found.figures,
            "verdict": found.verdict,
        }

    release = release_next(settings.model, decide)
    assert release is not None
    _said(settings, release, console)


def run_rollback(settings: RollBack, console: Console | None = None) -> None:
    """Put back into production what was there before; again, what was there before that."""
    console = console or Console()
    model_folder(settings.name, settings.models)
    stack = productions(whole_history(settings.model))
    if len(stack) < 2:
        now = f"{stack[0][:SHORT]} alone" if stack else "nothing yet"
        raise ValueError(
            f"a rollback goes to what was in production before, got a history with {now}: "
            f"`python -m jobs.release promote {settings.name} ARTIFACT` takes any artifact of "
            f"`python -m jobs.release list {settings.name}`"
        )
    current, back = stack[-1], stack[-2]
    check_whole(settings.model, back)
    open_artifact(artifact_folder(settings.model, back))

    def decide(before: Sequence[Release]) -> dict[str, Any]:
        _switched(before, current, settings.name)
        return {
            "who": settings.by,
            "action": ROLLBACK,
            "artifact": back,
            "why": settings.why,
            "aliases": {**before[-1].aliases, PRODUCTION: back},
            "about": {"instead_of": current},
        }

    release = release_next(settings.model, decide)
    assert release is not None
    _said(settings, release, console)
