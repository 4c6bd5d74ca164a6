"""Finished stages in a bucket, for workers that share no disk.

`<place>/stages/<name>/<key>/<attempt>/<file>`, then `<key>/manifest.json`, which names the attempt
and is written where there is none: of two who race one wins, and the other takes the winner's. A
stage is made in, and read from, a local folder of this user, which is a store of its own kind:
its content counts only as far as it agrees with the bucket's manifest.
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

from emoray.storage.cache import close_to_others, own_scratch
from emoray.storage.location import cache_of
from emoray.storage.objects import DamagedError, Entry, StoredObject
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.storage.store.inputs import relocated, share_all, stage_files
from emoray.storage.store.keys import LAYOUT, Stage, key_of
from emoray.storage.store.local import MARKER, Store
from emoray.storage.store.manifest import MANIFEST, Done, file_sha256, found_in, read_manifest

INPUTS = "inputs"  # corpora, vectors and encoders by their SHA-256
ARRIVING = "arriving"  # of this node's copy: folders that are being downloaded or put away
UNPUBLISHED = "unpublished"  # of this node's copy: finished stages that S3 would not take
RACES = 3


class BucketStore(Store):
    """The store in a bucket. `root` is this node's copy; `Done.folder` lies in it.

    What a resumable stage has not finished, and what could not be uploaded, stays on its node and
    is resumed there; elsewhere a stage starts from nothing.
    """

    def __init__(
        self, place: S3Folder, cache: Path | None = None, *, reading: bool = False
    ) -> None:
        super().__init__(cache or cache_of(place) / "store")
        self.place: S3Folder = place
        self.reading = reading
        wanted = json.dumps({"layout": LAYOUT}).encode()
        if reading and place.entry(MARKER) is None:
            raise ValueError(
                f"a stage store to read from must be there, got none at {place}: name the run's "
                "own with --store"
            )
        if not (place.read(MARKER) == wanted if reading else place.create(MARKER, wanted)):
            raise ValueError(
                f"the stage store at {place} must have layout {LAYOUT}, got "
                f"{place.read(MARKER)[:40]!r}: it was written by another version of emoray; name a "
                "new place with --store"
            )

    def _at(self, stage: Stage) -> str:
        return f"stages/{stage.name}/{key_of(stage)}"

    def find(self, stage: Stage) -> Done | None:
        """The finished stage, downloaded and each file checked; None when it must be made."""
        return self._find(self._at(stage), self.folder(stage))

    def seek(self, stage: Stage) -> Done | None:
        """The finished stage, checked by its manifest and the hashes in its files' heads."""
        at, folder = self._at(stage), self.folder(stage)
        if folder.is_dir():
            return self._find(at, folder)
        try:
            stored = self.place.find(f"{at}/{MANIFEST}")
            if stored is None:
                return None
            manifest = json.loads(stored.content)
            source, files = self.place / at / manifest["attempt"], dict(manifest["files"])
            if in_parallel(source.sha256, files) == list(files.values()):
                return found_in(folder, manifest)
        except (DamagedError, ValueError, KeyError, TypeError):
            pass
        return self._find(at, folder)  # which looks at the bytes, and sets aside what is damaged

    def local_folder(self, done: Done) -> Path:
        """The files of a finished stage on this node, downloaded if need be."""
        if done.folder.is_dir():
            return done.folder
        name, key = done.folder.parts[-2:]
        found = self._find(f"stages/{name}/{key}", self.root / "stages" / name / key)
        if found is None:
            raise FileNotFoundError(
                f"a finished stage must stay in the store, {key} is gone from {self.place}: run "
                "the same command again"
            )
        return found.folder

    def at(self, stage: Stage) -> S3Folder:
        """The location of a finished stage's files in the bucket."""
        at = self._at(stage)
        manifest = json.loads(self.place.read(f"{at}/{MANIFEST}"))
        return self.place / at / str(manifest["attempt"])

    def _find(self, at: str, folder: Path) -> Done | None:
        try:
            stored = self.place.find(f"{at}/{MANIFEST}")
        except DamagedError:
            if not self.reading:
                self._set_aside_there(at, self.place.entry(f"{at}/{MANIFEST}"))
            return None
        if stored is None:
            return None
        if self._has_manifest(folder, stored.content) and (manifest := read_manifest(folder)):
            return found_in(folder, manifest)
        if self._bring(at, folder, stored) and (manifest := read_manifest(folder)):
            return found_in(folder, manifest)
        if not self.reading:
            self._set_aside_there(at, stored)
        return None

    def _has_manifest(self, folder: Path, manifest: bytes) -> bool:
        try:
            return (folder / MANIFEST).read_bytes() == manifest
        except OSError:
            return False

    def _bring(self, at: str, folder: Path, stored: StoredObject) -> bool:
        """Download the files of a manifest; False where some are missing or differ from it."""
        with own_scratch(self.root / ARRIVING, folder.name) as work:
            scratch = work / folder.name
            scratch.mkdir()
            try:
                manifest = json.loads(stored.content)
                source = self.place / at / manifest["attempt"]
                files = dict(manifest["files"])
                in_parallel(lambda name: source.download(name, scratch / name), files)
                if any(file_sha256(scratch / name) != sha256 for name, sha256 in files.items()):
                    return False
                (scratch / MANIFEST).write_bytes(stored.content)
                self._keep(scratch, folder)
            except (DamagedError, FileNotFoundError, ValueError, KeyError, TypeError):
                return False
        return True

    def _keep(self, scratch: Path, folder: Path) -> None:
        """Move a whole folder into this node's copy, in place of an older or damaged one."""
        content = (scratch / MANIFEST).read_bytes()
        close_to_others(scratch)
        folder.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(RACES):
            try:
                scratch.rename(folder)
                return
            except OSError:
                if self._has_manifest(folder, content) and read_manifest(folder):
                    return  # another process of this node was first
                old = self.root / ARRIVING / f"{folder.name}-{uuid.uuid4().hex[:8]}"
                old.parent.mkdir(exist_ok=True)
                try:
                    folder.rename(old)
                except FileNotFoundError:
                    continue
                shutil.rmtree(old, ignore_errors=True)
        raise OSError(f"a folder of the cache must be free to replace, {folder} is not: try again")

    def _set_aside_there(self, at: str, state: StoredObject | Entry | None) -> None:
        """Move a damaged stage to `damaged/`; only who takes its manifest away does the rest."""
        if state is None or not self.place.remove(f"{at}/{MANIFEST}", state.etag):
            return
        key = at.rpartition("/")[2]
        aside = f"damaged/{key}-{uuid.uuid4().hex[:8]}"
        if isinstance(state, StoredObject):
            self.place.write(f"{aside}/{MANIFEST}", state.content)
        names = [n for n in self.place.names(at) if n != f"{at}/{MANIFEST}"]
        in_parallel(lambda n: self.place.copy(n, f"{aside}{n.removeprefix(at)}"), names)
        self.place.delete(names)
        self._journal({"event": "set_aside", "key": key})

    def run(self, stage: Stage) -> Done:
        """Make and publish a stage; publish only if it was made before and not uploaded."""
        kept, folder = self.root / UNPUBLISHED / key_of(stage), self.folder(stage)
        manifest = read_manifest(kept)
        if manifest is None:
            return super().run(stage)
        first = self._publish(stage, kept)
        shutil.rmtree(kept, ignore_errors=True)
        done = Done(folder, manifest["wall_seconds"], manifest["cpu_seconds"], cached=False)
        self._record_made(done, first=first)
        return done

    def _publish(self, stage: Stage, scratch: Path) -> bool:
        """Upload a finished stage; if that fails it is kept for later."""
        try:
            return self._taken(stage, scratch)
        except BaseException:
            kept = self.root / UNPUBLISHED / key_of(stage)
            if scratch.is_dir() and scratch != kept:
                self._keep(scratch, kept)
            raise

    def _taken(self, stage: Stage, scratch: Path) -> bool:
        """Upload the files, then the manifest where there is none; the loser takes the winner's."""
        at, attempt = self._at(stage), uuid.uuid4().hex[:16]
        manifest = {**json.loads((scratch / MANIFEST).read_text()), "attempt": attempt}
        content = json.dumps(manifest, indent=1).encode()
        (scratch / MANIFEST).write_bytes(content)
        target = self.place / at / attempt
        in_parallel(lambda name: target.upload(name, scratch / name), manifest["files"])
        for _ in range(RACES):
            if self.place.create(f"{at}/{MANIFEST}", content):
                self._keep(scratch, self.folder(stage))
                with suppress(OSError):  # of attempts that died: nobody reads them
                    others = [
                        n for n in self.place.names(at) if not n.startswith(f"{at}/{attempt}/")
                    ]
                    self.place.delete([n for n in others if n != f"{at}/{MANIFEST}"])
                return True
            if self.find(stage):
                with suppress(OSError):
                    target.delete(list(manifest["files"]))
                return False
        raise OSError(
            f"a stage must be published once, {key_of(stage)} was made and damaged {RACES} times "
            f"meanwhile in {self.place}: run the same command again"
        )

    def _at_hand(self, stage: Stage) -> Stage:
        """The stage with corpora, vectors and encoders that are not on this node downloaded."""
        return relocated(stage, self.place / INPUTS)

    def share(self, *values: Any) -> None:
        """Upload corpora, vectors and encoders, each once, for nodes without them."""
        share_all(stage_files(values), self.place / INPUTS)

    def _record(self, line: str) -> None:
        name = f"journal/{time.time_ns():020}-{os.getpid()}-{uuid.uuid4().hex[:8]}.json"
        self.place.write(name, line.encode())

    def journal(self) -> Iterator[dict[str, Any]]:
        """Yield the recorded events."""
        for line in in_parallel(self.place.read, self.place.names("journal")):
            yield json.loads(line)
