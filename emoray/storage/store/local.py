"""Finished stages as folders: made once, checked when read, published atomically.

A stage is a frozen value that knows its inputs, its key and how to make its files. The store runs
it in a temporary folder, writes `manifest.json` last and renames the folder into place: whoever
sees the folder sees all of it. A damaged folder is set aside (kept, for a look) and made again.
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from emoray.storage.claim import claimed, clear_claims, is_claimed
from emoray.storage.location import Place, child
from emoray.storage.store.keys import LAYOUT, UNFINISHED, Stage, inputs_of, key_of, keyed_values
from emoray.storage.store.manifest import (
    ANEW,
    MANIFEST,
    Done,
    file_sha256,
    folder_in,
    found_in,
    read_manifest,
    write_whole,
)

MARKER = "store.json"
CLAIMS = "claims"  # who is making what, for other jobs on the same store
WAIT_SECONDS = 1.0  # between two looks at what another job is making


class Store:
    """Finished stages under `<root>/stages/<name>/<key>/`. `place` opens it again elsewhere.

    A store opened for `reading` is never written to, not even where something is damaged.
    """

    place: Place

    def __init__(self, root: Path, *, reading: bool = False) -> None:
        self.place = self.root = root.absolute()
        self.reading = reading
        self.owner = uuid.uuid4().hex
        marker = self.root / MARKER
        if reading and not marker.is_file():
            raise ValueError(
                f"a stage store to read from must be there, got none at {root}: name the run's own "
                "with --store"
            )
        try:
            if not reading:
                (self.root / "stages").mkdir(parents=True, exist_ok=True)
            if not marker.exists():
                write_whole(marker, json.dumps({"layout": LAYOUT}))
            found = json.loads(marker.read_text())
        except OSError as error:
            raise ValueError(
                f"the stage store must be a writable folder, got {root} ({error.strerror}): "
                "name another with --store"
            ) from error
        except ValueError:
            found = None
        layout = found.get("layout") if isinstance(found, dict) else None
        if layout != LAYOUT:
            raise ValueError(
                f"the stage store at {root} must have layout {LAYOUT}, got {layout}: "
                "it was written by another version of emoray; name a new folder with --store"
            )

    def folder(self, stage: Stage) -> Path:
        """The folder of a stage, whether it exists or not."""
        return folder_in(self.root, stage.name, key_of(stage))

    def find(self, stage: Stage) -> Done | None:
        """The finished stage, each file checked by its hash; None when it must be made."""
        folder = self.folder(stage)
        if not folder.exists():
            return None
        if manifest := read_manifest(folder):
            return found_in(folder, manifest)
        if not self.reading:
            self._set_aside(folder)
        return None

    def seek(self, stage: Stage) -> Done | None:
        """As `find` but without a download, which `local_folder` does later."""
        return self.find(stage)

    def _set_aside(self, folder: Path) -> None:
        """Move a damaged stage out of the way.

        What cannot be renamed, as in a lower layer of an overlay, is copied; in place of what
        cannot be deleted either, another folder is used.
        """
        target = self.root / "damaged" / f"{folder.name}-{uuid.uuid4().hex[:8]}"
        target.parent.mkdir(exist_ok=True)
        try:
            folder.rename(target)
        except FileNotFoundError:  # another process saw the damage first
            return
        except OSError:
            with suppress(OSError, shutil.Error):  # what cannot be read is lost already
                shutil.copytree(folder, target)
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                (folder.parent / ANEW / folder.name).mkdir(parents=True, exist_ok=True)
        self._journal({"event": "set_aside", "key": folder.name})

    def run(self, stage: Stage) -> Done:
        """Make `stage` from inputs that are already there, and publish it."""
        inputs: dict[str, Path] = {}
        for name, needed in inputs_of(stage).items():
            done = self.find(needed)
            if done is None:
                raise FileNotFoundError(f"{key_of(stage)} needs {key_of(needed)}, not in the store")
            inputs[name] = done.folder
        folder = self.folder(stage)
        scratch = folder.parent / f".{folder.name}-{uuid.uuid4().hex[:8]}"
        scratch.mkdir(parents=True)
        unfinished = self.root / UNFINISHED / folder.name
        if getattr(stage, "resumable", False):
            unfinished.mkdir(parents=True, exist_ok=True)
            inputs[UNFINISHED] = unfinished
        try:
            self._journal({"event": "started", "key": folder.name})
            wall, cpu = time.perf_counter(), time.process_time()
            self._at_hand(stage).run(inputs, scratch)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            files = sorted(p for p in scratch.rglob("*") if p.is_file())
            manifest = {
                "key": folder.name,
                "stage": stage.name,
                "reads": keyed_values(stage),
                "wall_seconds": wall,
                "cpu_seconds": cpu,
                "files": {str(p.relative_to(scratch)): file_sha256(p) for p in files},
            }
            write_whole(scratch / MANIFEST, json.dumps(manifest, indent=1))
            first = self._publish(stage, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        done = Done(folder, wall, cpu, cached=False)
        self._record_made(done, first=first)
        return done

    def record_failed(self, stage: Stage, error: str) -> None:
        """Record in the journal that the stage cannot be made, and why."""
        self._journal({"event": "failed", "key": key_of(stage), "error": error})

    def _record_made(self, done: Done, *, first: bool) -> None:
        self._journal(
            {
                "event": "made" if first else "beaten",
                "key": done.folder.name,
                "wall_seconds": done.wall_seconds,
                "cpu_seconds": done.cpu_seconds,
            }
        )

    def _at_hand(self, stage: Stage) -> Stage:
        """The stage as it can run here, with every path existing."""
        return stage

    def _publish(self, stage: Stage, scratch: Path) -> bool:
        """Rename the finished folder into place; False when another process was first."""
        folder = self.folder(stage)
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / MANIFEST).exists():
                raise
            return False
        return True

    def local_folder(self, done: Done) -> Path:
        """The files of a finished stage on this node, whichever node made it."""
        return done.folder

    def at(self, stage: Stage) -> Place:
        """The location of a finished stage's files for all readers."""
        return self.folder(stage)

    def share(self, *values: Any) -> None:
        """Make inputs (corpora, vectors, encoders) available to workers; here disks are shared."""

    def settle(self, stage: Stage, owner: str) -> Done | None:
        """Find or make a stage whose inputs are there; `owner` is the job that makes it.

        Returns:
            The stage; None while another owner makes it.
        """
        self.owner = owner
        with claimed(child(self.place, CLAIMS), key_of(stage), owner) as ours:
            return (self.seek(stage) or self.run(stage)) if ours else None

    def is_elsewhere(self, stage: Stage, owner: str) -> bool:
        """Whether another owner is making the stage."""
        return is_claimed(child(self.place, CLAIMS), key_of(stage), owner)

    def clear_claims(self) -> None:
        """Remove the claims of killed jobs; claims of living ones stay."""
        clear_claims(child(self.place, CLAIMS), self.owner)

    def make(self, stage: Stage) -> Done:
        """Find or make a stage, after everything it needs; wait where another job is making it."""
        if done := self.find(stage):
            return done
        for needed in inputs_of(stage).values():
            self.make(needed)
        while (made := self.settle(stage, self.owner)) is None:
            time.sleep(WAIT_SECONDS)
        self.local_folder(made)
        return made

    def _journal(self, entry: dict[str, Any]) -> None:
        """Record an event: started, made, beaten (made a second time), failed or set aside."""
        who = {"time": time.time(), "pid": os.getpid(), "node": os.uname().nodename}
        who["owner"] = self.owner
        self._record(json.dumps(who | entry))

    def _record(self, line: str) -> None:
        with (self.root / "journal.jsonl").open("a") as file:
            file.write(f"{line}\n")  # in one write

    def journal(self) -> Iterator[dict[str, Any]]:
        """Yield the recorded events."""
        path = self.root / "journal.jsonl"
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    event = json.loads(line)
                except ValueError:  # cut short by a full disk
                    continue
                yield event
