"""What a folder of outputs holds: of which artifact, of which files, and what was counted of each.

Written before the first output and after each of them, so that no output of another artifact or of
other columns ever stands beside these, and that nothing is done twice.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from emoray.prediction.found import FoundFile, State, state_of
from emoray.prediction.text_files import BucketFile, LocalFile
from emoray.storage.location import Place, child
from emoray.storage.store.keys import digest
from emoray.storage.store.manifest import write_whole

RECORD = "_predictions.json"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRequest:
    """What all outputs of a folder have in common."""

    artifact: str
    network: str
    labels: tuple[str, ...]
    text_column: str
    kept: tuple[str, ...]
    logits: bool
    prefix: str
    taxonomy: str | None = None

    def difference(self, other: Mapping[str, Any]) -> str:
        """Say what another request has in place of this one's; empty where they are the same."""
        mine: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        changed = [name for name in mine if mine[name] != other.get(name)]
        if not changed:
            return ""
        name = "artifact" if {"artifact", "network"} & set(changed) else changed[0]
        if name == "labels":  # of the same network: what it decides in
            name = "taxonomy"
        option = {"kept": "--id"}.get(name, f"--{name.replace('_', '-')}")
        value = other.get(name)
        if not value or value is True:
            return option if value else f"no {option}"
        words = ", ".join(value) if isinstance(value, list) else str(value)
        return f"{option} {words[:16] if name == 'artifact' else words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenShard:
    """An output, and the file that it is of.

    Attributes:
        source: place of the file.
        content: of the file, by name.
        state: of the file on a disk, when it was hashed.
        output: what changes when the output is written: its state, or etag and size.
        counts: as `read_facts` has them.
    """

    source: str
    content: str
    state: list[int]
    output: list[Any]
    counts: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class OutputRecord:
    """The record of a folder, read or begun."""

    out: Place
    request: OutputRequest
    store: str
    texts: str
    shards: dict[str, WrittenShard] = field(default_factory=dict)

    def write(self) -> None:
        """Keep it, in place of what was kept before."""
        content = {
            "version": VERSION,
            "request": asdict(self.request),
            "store": self.store,
            "texts": self.texts,
            "shards": {name: asdict(shard) for name, shard in sorted(self.shards.items())},
        }
        text = json.dumps(content)
        if isinstance(self.out, Path):
            self.out.mkdir(parents=True, exist_ok=True)
            write_whole(self.out / RECORD, text)
        else:
            self.out.write(RECORD, text.encode())

    def is_written(self, found: FoundFile, outputs: Mapping[str, list[Any]]) -> bool:
        """Whether the output of a file is there, as it was written, of that very content."""
        shard = self.shards.get(found.name)
        if shard is None or shard.content != content_of(found):
            return False
        return shard.output == outputs.get(found.name)

    def known(self) -> dict[str, tuple[State, str]]:
        """State and content of files that were hashed before, by path."""
        return {
            shard.source: (tuple(shard.state), shard.content)
            for shard in self.shards.values()
            if shard.state
        }


def content_of(found: FoundFile) -> str:
    """Name a file's content: the SHA-256 of one on a disk."""
    source = found.file.source
    return source.sha256 if isinstance(source, LocalFile) else digest(source)


def source_of(found: FoundFile) -> str:
    """Name a file's place."""
    source = found.file.source
    return str(source.place if isinstance(source, BucketFile) else source.path)


def outputs_in(out: Place) -> dict[str, list[Any]]:
    """The state of every Parquet file in a folder of outputs, by name."""
    if isinstance(out, Path):
        found = {}
        for folder, below, names in os.walk(out):
            below[:] = [name for name in below if name[0] not in "._"]
            for name in names:
                if name[0] not in "._" and name.endswith(".parquet"):
                    path = Path(folder, name)
                    found[str(path.relative_to(out))] = list(state_of(path)[:2])
        return found
    return {
        entry.name: [entry.etag, entry.size]
        for entry in out.entries()
        if entry.name.endswith(".parquet") and not entry.name.startswith("_")
    }


def kept_record(out: Place) -> dict[str, Any] | None:
    """What a folder's record says; None where there is none. ValueError for an unreadable one."""
    try:
        text = (out / RECORD).read_bytes() if isinstance(out, Path) else out.read(RECORD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content: dict[str, Any] = json.loads(text)
        if content["version"] != VERSION:
            raise ValueError
        return content
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"a folder of outputs has a record that this emoray wrote, got another at "
            f"{child(out, RECORD)}: name another --out"
        ) from None


def open_record(out: Place, request: OutputRequest, store: Place, texts: str) -> OutputRecord:
    """Read a folder's record, or begin one.

    Args:
        out: the folder.
        request: what is asked for now.
        store: where logits are kept.
        texts: the name or pattern of the files.

    Returns:
        The record, which is not written yet.

    Raises:
        ValueError: the folder has outputs of another request, or files of somebody else.
    """
    record = OutputRecord(out=out, request=request, store=str(store), texts=texts)
    content = kept_record(out)
    if content is None:
        if there := sorted(outputs_in(out)):
            raise ValueError(
                f"a folder of outputs has nothing else in it, got {there[0]} in {out}: name a new "
                "folder with --out"
            )
        return record
    if differs := request.difference(content["request"]):
        raise ValueError(
            f"outputs of one artifact and the same options stand in a folder, {out} has those of "
            f"{differs}: name another with --out; where the network is the same, --redecide {out} "
            "scores nothing again"
        )
    record.shards = {name: WrittenShard(**shard) for name, shard in content["shards"].items()}
    return record
