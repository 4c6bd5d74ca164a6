"""`jobs.release add`: an artifact becomes a model's candidate."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from emoray.artifact import runtime
from emoray.artifact.card import plain_json
from emoray.artifact.loading import Finished, open_artifact
from emoray.console.wording import size
from emoray.metrics.cuts import thresholds_of
from emoray.releases.looking import last_of
from emoray.releases.names import CANDIDATE, PREFIX, SHORT
from emoray.releases.record import ADD, Release
from emoray.releases.resolving import artifact_folder
from emoray.releases.writing import put_artifact, release_next
from emoray.storage.location import place_of
from emoray.storage.submitted import check_outlives
from emoray.tables.releases import whole_history, write_releases
from emoray.tables.terminal import AS_IT_IS
from emoray.workflows.settings.release import AddRelease
from emoray.workflows.ship_row import ship_from


def noted(finished: Finished, source: str) -> dict[str, Any]:
    """What the history keeps of an artifact: labels, decision, bytes, and its card."""
    thresholds_K = thresholds_of(finished.cuts_K, finished.temperature)
    return {
        "source": source,
        "labels": list(finished.labels),
        "size_bytes": finished.size_bytes,
        "model_sha256": finished.model_sha256,
        "decision": {
            "temperature": finished.temperature,
            "threshold_rule": finished.rule,
            "thresholds": dict(zip(finished.labels, map(float, thresholds_K), strict=True)),
        },
        "card": plain_json(runtime.card(finished.folder) or {}),
    }


def _files(folder: Path) -> dict[str, bytes]:
    """The files of an artifact that runs here, its card with them."""
    classifier = runtime.load(folder)
    classifier(classifier.example)
    named = {**runtime.read(folder), runtime.MANIFEST: (folder / runtime.MANIFEST).read_bytes()}
    card = folder / runtime.CARD
    return {**named, **({runtime.CARD: card.read_bytes()} if card.is_file() else {})}


def _add(settings: AddRelease, finished: Finished, source: str, console: Console) -> None:
    model, sha = settings.model, finished.sha256
    check_outlives(model, "--models")
    whole_history(model)
    put = put_artifact(model, sha, _files(finished.folder))

    def decide(before: Sequence[Release]) -> dict[str, Any] | None:
        if last_of(before, sha, ADD) is not None:
            return None
        aliases = before[-1].aliases if before else {}
        return {
            "who": settings.by,
            "action": ADD,
            "artifact": sha,
            "why": settings.why,
            "aliases": {**aliases, CANDIDATE: sha},
            "about": noted(finished, source),
        }

    release = release_next(model, decide)
    if release is None:
        first = last_of(whole_history(model), sha, ADD)
        assert first is not None
        mended = "; files of it that were lost or damaged are whole again" * put
        console.print(
            f"{settings.name} has this artifact, {sha[:SHORT]}, since release {first.number} "
            f"({first.time}): nothing was added{mended}",
            **AS_IT_IS,
        )
        return
    write_releases(model)
    console.print(
        f"release {release.number} of {settings.name}: {sha[:SHORT]} is the candidate, "
        f"{size(finished.size_bytes)}\n{artifact_folder(model, sha)}\n"
        f"every job takes it as {PREFIX}{settings.name}@{CANDIDATE}; to put it into production: "
        f"python -m jobs.release promote {settings.name}",
        **AS_IT_IS,
    )


def run_add(settings: AddRelease, console: Console | None = None) -> None:
    """Put an artifact, or a run's point, below its SHA-256, and make it the candidate."""
    console = console or Console()
    if settings.run is None:
        finished = open_artifact(place_of(settings.artifact))
        _add(settings, finished, settings.artifact, console)
        return
    with TemporaryDirectory(prefix="emoray-") as scratch:
        folder = ship_from(str(settings.run), settings.artifact, Path(scratch) / "artifact")
        source = f"{settings.artifact} of {settings.run}"
        _add(settings, open_artifact(folder), source, console)
