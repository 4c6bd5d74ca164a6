"""Settings of `jobs.compress`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from emoray.options import Option
from emoray.storage.location import name_of
from emoray.storage.run_folder import settings_text
from emoray.workflows.settings.checkpoint import CheckpointOptions


@dataclass(frozen=True, kw_only=True)
class Compression(CheckpointOptions):
    """Which model under which schemes, on what corpus, and where artifacts and tables land.

    listed: only names the schemes.
    """

    USUAL_NAME: ClassVar[str] = "compress-MODEL"

    schemes: Annotated[
        tuple[str, ...],
        Option(
            names=("--scheme",),
            help="A scheme, by its short or whole name; repeatable. "
            "`prune(heads=0.33,ffn=0.5)+int8~heal1` prunes first (shares of heads and feed-forward "
            "columns, `layers=2`), and trains what is left for an epoch.  [default: float, int8, "
            "int8-static, int8-emb4-group32, int4, int4-group, adaptive4]",
        ),
    ] = ()
    every: Annotated[
        bool,
        Option(names=("--all",), help="All schemes of --list, those that train too: hours."),
    ] = False
    listed: Annotated[bool, Option(names=("--list",), help="Name the schemes and stop.")] = False

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"compress-{name_of(self.model)}"

    @property
    def shown_settings(self) -> Mapping[str, str]:
        """Settings that the tables depend on."""
        schemes = ("all",) if self.every else self.schemes
        return settings_text(schemes=schemes, max_tokens=self.max_tokens, **self.said)
