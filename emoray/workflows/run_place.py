"""Where a job lands, said where it is not the folder that its name alone would give."""

from collections.abc import Mapping

from rich.console import Console

from emoray.storage.location import Place
from emoray.storage.run_folder import RunFolder


def free_place(lands: RunFolder, inputs: Mapping[str, str], console: Console) -> Place:
    """The folder for results of these inputs; ValueError where the named one has other inputs."""
    place, said = lands.free(inputs)
    if said:
        console.print(f"[bold]note[/bold] {said}", highlight=False, soft_wrap=True)
    return place
