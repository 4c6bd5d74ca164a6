"""The folder of a job's results, printed where it is not the default one."""

from collections.abc import Mapping

from rich.console import Console

from emoray.storage.location import Place
from emoray.storage.run_folder import RunFolder


def free_place(lands: RunFolder, inputs: Mapping[str, str], console: Console) -> Place:
    """The folder for results of these inputs; ValueError where the named one has other inputs."""
    place, note = lands.free(inputs)
    if note:
        console.print(f"[bold]note[/bold] {note}", highlight=False, soft_wrap=True)
    return place
