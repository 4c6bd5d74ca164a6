"""By which share a log says that its traffic was split."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow.compute as pc

from emoray.experiments.plan import SPLIT_SHARE
from emoray.tables.scored_texts import ScoredTexts


@dataclass(slots=True, kw_only=True)
class LoggedShares:
    """The shares by which a log says that its traffic was split."""

    found: set[float] = field(default_factory=set)

    def noted(self, texts: Iterable[ScoredTexts]) -> Iterator[ScoredTexts]:
        """Pass texts of a log on, and note their shares."""
        for some in texts:
            self.found |= set(pc.unique(some.facts.column("split_share").drop_null()).to_pylist())
            yield some

    def planned(self, asked: float | None) -> float:
        """The share that was planned; `asked` counts before what the log says.

        Returns:
            A share in (0, 1).

        Raises:
            ValueError: nobody asked, and the log has several.
        """
        if asked is None and len(self.found) > 1:
            shares = " and ".join(f"{share:g}" for share in sorted(self.found))
            raise ValueError(
                f"traffic was split by one share, the log has {shares}: name the files of one of "
                "them with a pattern, or say with --split-share what was planned"
            )
        if asked is not None:
            return asked
        return next(iter(self.found), SPLIT_SHARE)
