"""A life of a model in one process, which SIGKILLs itself at the n-th change of its folder.

`python -m tests.faults.releasing MODELS SHELF TEXTS N`: adds, promotes and rolls back; with N = 0
it only counts. A change is what the interpreter itself reports (`sys.addaudithook`): a file opened
for writing, made, moved, linked or removed below MODELS. In a bucket it is a request that writes:
once before it is sent, and once when S3 has answered and nobody has read it yet.
"""

import http.client
import os
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from emoray.artifact.runtime import MANIFEST, sha256
from emoray.promotion.adding import run_add
from emoray.promotion.promoting import run_promote, run_rollback
from emoray.storage.location import place_of
from emoray.workflows.settings.release import AddRelease, PromoteRelease, RollBack

CHANGES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.truncate"}
WRITES = (b"PUT ", b"POST ", b"DELETE ")


class Doomed:
    """Counts changes below a folder, and ends the process at one of them."""

    def __init__(self, folder: str, at: int) -> None:
        self.folder, self.at, self.count = folder, at, 0

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.folder.startswith("s3://"):
            if event == "http.client.send" and bytes(args[1][:7]).startswith(WRITES):
                self.change()
            return
        writes = event == "open" and isinstance(args[2], int) and args[2] & 3
        if (event in CHANGES or writes) and str(args[0]).startswith(self.folder):
            self.change()

    def change(self) -> None:
        """One more; the last one that the process lives to see."""
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def count_answers(doomed: Doomed) -> None:
    """Have an answer to what was written be a moment of its own."""
    read = http.client.HTTPConnection.getresponse

    def counted(connection: Any) -> http.client.HTTPResponse:
        response = read(connection)
        if f"{connection._method} ".encode() in WRITES:
            doomed.change()
        return response

    http.client.HTTPConnection.getresponse = counted  # type: ignore[assignment, method-assign]


def main(models: str, shelf: str, texts: str, at: str) -> None:
    """Add two artifacts, promote both, and roll back."""
    doomed, quiet = Doomed(models, int(at)), Console(quiet=True)
    sys.addaudithook(doomed)
    if models.startswith("s3://"):
        count_answers(doomed)
    where: dict[str, Any] = {"name": "emo", "models": place_of(models)}
    store = Path(texts).with_name("store")
    for name in ("good", "equal"):
        run_add(AddRelease(**where, artifact=f"{shelf}/{name}"), quiet)
        sha = sha256((Path(shelf) / name / MANIFEST).read_bytes())
        run_promote(PromoteRelease(**where, which=sha, texts=texts, store=store), quiet)
    run_rollback(RollBack(**where), quiet)
    sys.stdout.write(f"{doomed.count}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
