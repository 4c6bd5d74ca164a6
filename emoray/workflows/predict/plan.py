"""Which stages score the files, in which order, and what comes of those that fail."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emoray.distributed.actor_pool import ShardResult
from emoray.distributed.single_flight import Failed
from emoray.prediction.columns import OutputColumns, ShippedDecision
from emoray.prediction.found import FoundFile
from emoray.prediction.indexing import IndexTexts, read_parts
from emoray.prediction.scoring import SCORES, Network, ScoreTexts, write_joined
from emoray.prediction.shards import WriteShard
from emoray.storage.store.keys import Stage, key_of
from emoray.storage.store.local import Done, Store


@dataclass(slots=True, kw_only=True)
class _FilePlan:
    """A file whose texts are being scored."""

    found: FoundFile
    scores: tuple[ScoreTexts, ...]
    missing: set[str]  # keys of parts


@dataclass(slots=True, kw_only=True)
class PredictionPlan:
    """Follows the stages of all files: index, then its parts, then the output.

    Attributes:
        files: to be scored.
        text_column: of them.
        part_rows: rows of a part.
        network: that scores.
        decision: that gives labels.
        columns: that are written.
        store: of the stages.
        scored_before: whether all parts must be there already.
        written: called with each output.
        texts: rows of the files that are indexed.
        broken: why files could not be read, or written, by name.
    """

    files: Sequence[FoundFile]
    text_column: str
    part_rows: int
    network: Network
    decision: ShippedDecision
    columns: OutputColumns
    store: Store
    scored_before: bool
    written: Callable[[FoundFile, WriteShard, Done], None]
    texts: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _indexed: dict[str, list[FoundFile]] = field(default_factory=dict)  # by key of the index
    _files: dict[str, list[_FilePlan]] = field(default_factory=dict)  # by key of a part
    _done: set[str] = field(default_factory=set)  # keys of parts
    _outputs: dict[str, list[FoundFile]] = field(default_factory=dict)  # by key of the output

    def first(self) -> list[Stage]:
        """The stages that need no other."""
        stages: dict[str, Stage] = {}
        for found in self.files:
            index = IndexTexts(file=found.file, column=self.text_column, part_rows=self.part_rows)
            stages.setdefault(key_of(index), index)
            self._indexed.setdefault(key_of(index), []).append(found)
        return list(stages.values())

    def follow(self, stage: Stage, results: Sequence[ShardResult]) -> list[Stage]:
        """The stages that can be made once this one is."""
        if isinstance(stage, IndexTexts):
            return self._indexes(stage, results[0])
        if isinstance(stage, ScoreTexts):
            return self._scores(stage, results)
        assert isinstance(stage, WriteShard)
        for found in self._outputs[key_of(stage)]:
            if isinstance(results[0].result, Failed):
                self.broken[found.name] = results[0].result.error
            else:
                self.written(found, stage, results[0].result)
        return []

    def _indexes(self, index: IndexTexts, result: ShardResult) -> list[Stage]:
        files = self._indexed[key_of(index)]
        if isinstance(result.result, Failed):
            self.broken |= {found.name: result.result.error for found in files}
            return []
        scores, row = [], 0
        for part in read_parts(self.store.local_folder(result.result)):
            scores.append(
                ScoreTexts(
                    texts_sha256=part.sha256,
                    start=0,
                    stop=part.rows,
                    network=self.network,
                    index=index,
                    first=row,
                )
            )
            row += part.rows
        self.texts |= {found.name: row for found in files}
        keys = {key_of(stage): stage for stage in scores}
        new = [stage for key, stage in keys.items() if key not in self._files]
        if self.scored_before:
            self._refuse_unscored(new, files[0])
        following: list[Stage] = [*new]
        for found in files:
            missing = set(keys) - self._done
            plan = _FilePlan(found=found, scores=tuple(scores), missing=missing)
            for key in keys:
                self._files.setdefault(key, []).append(plan)
            if not missing:
                following += self._output(plan)
        return following

    def _refuse_unscored(self, parts: Sequence[ScoreTexts], found: FoundFile) -> None:
        if any(self.store.seek(part) is None for part in parts):
            raise ValueError(
                f"what is decided anew was scored before, by the same network, got "
                f"{found.file.place} without kept logits: leave --redecide out to score it"
            )

    def _scores(self, part: ScoreTexts, results: Sequence[ShardResult]) -> list[Stage]:
        if len(results) > 1 or isinstance(results[0].result, Failed):
            self._join(part, results)
        key = key_of(part)
        self._done.add(key)
        following: list[Stage] = []
        for plan in self._files[key]:
            plan.missing.discard(key)
            if not plan.missing:
                following += self._output(plan)
        return following

    def _join(self, part: ScoreTexts, results: Sequence[ShardResult]) -> None:
        """Publish a part that was scored in slices; a text that cannot be scored has its reason."""
        pieces: list[tuple[Path | None, int, str]] = []
        for shard in results:
            assert isinstance(shard.stage, ScoreTexts)
            if isinstance(shard.result, Failed):
                pieces.append((None, shard.stage.rows, shard.result.error))
            else:
                folder = self.store.local_folder(shard.result)
                pieces.append((folder / SCORES, shard.stage.rows, ""))
        with tempfile.TemporaryDirectory() as scratch:
            write_joined(Path(scratch) / SCORES, self.decision.network_labels, pieces)
            self.store.make(replace(part, given=Path(scratch)))

    def _output(self, plan: _FilePlan) -> list[Stage]:
        index = IndexTexts(file=plan.found.file, column=self.text_column, part_rows=self.part_rows)
        output = WriteShard(
            index=index, scores=plan.scores, decision=self.decision, columns=self.columns
        )
        waiting = self._outputs.setdefault(key_of(output), [])
        waiting.append(plan.found)
        return [output] if len(waiting) == 1 else []
