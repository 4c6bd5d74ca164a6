"""Where a job's results land, as all jobs that leave a run ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from emoray.options import Option
from emoray.storage.location import Place, absolute
from emoray.storage.names import checked_run
from emoray.storage.run_folder import RESULTS, RunFolder, ready_out, store_of

NAME = Option(
    names=("--name", "--run"), help="Name of this run's folder in OUT.  [default: {usual}]"
)


@dataclass(frozen=True, kw_only=True)
class RunOutput:
    """The folder of all runs, and what this run's own is called in it."""

    USUAL_NAME: ClassVar[str]  # of the folder, as help says it

    out: Annotated[
        Place,
        Option(
            help="Folder of all runs, or s3://bucket/prefix. The job makes its own folder in it, "
            "and their finished stages lie beside them."
        ),
    ] = RESULTS
    name: Annotated[str | None, NAME] = None

    def __post_init__(self) -> None:
        if self.name is not None:
            checked_run(self.name)

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        raise NotImplementedError

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Further settings that the tables depend on, as text."""
        return {}

    @property
    def lands(self) -> RunFolder:
        """The run's folder, if no other run has it."""
        return RunFolder(
            out=self.out, name=self.name, usual=self.usual_name, settings=self.shown_settings
        )

    @property
    def run_place(self) -> Place:
        """The run's folder, absolute."""
        return absolute(self.lands.place)


@dataclass(frozen=True, kw_only=True)
class StoredOutput(RunOutput):
    """The same of a job whose stages are kept."""

    store: Annotated[
        Place | None,
        Option(
            help="Folder of finished stages, or s3://bucket/prefix, shared by runs.  [default: "
            "OUT/_store] The same command run again does nothing twice; a changed one makes only "
            "what changed."
        ),
    ] = None

    @property
    def store_place(self) -> Place:
        """Where finished stages lie, absolute."""
        return store_of(self.out, self.store)

    def ready(self) -> None:
        """Refuse (ValueError) what cannot be written, before anything is paid for or made."""
        ready_out(self.out, self.store_place)
