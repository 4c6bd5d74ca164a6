"""Back-translation of train on a pool of actors that keep the translator loaded.

Train is cut into fixed shards of 256 texts. Each finished one is in the store, so a run that was
stopped goes on; one that fails is split down to the text at fault, which is set aside with its
reason. The whole is joined in the order of the corpus, independent of the scheduling.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from emoray.augment.backtranslation import CALL
from emoray.console.progress import Progress, progress
from emoray.distributed.actor_pool import Pool, ShardResult, StageLimits, dispatch
from emoray.distributed.single_flight import Failed
from emoray.models.augmentation import BackTranslation
from emoray.models.recipe import Recipe
from emoray.search.trials import RunContext, write_failure
from emoray.stages.augmentation import (
    AUGMENTATIONS,
    TRANSLATIONS,
    Translate,
    augmenting,
    read_translations,
)
from emoray.stages.spec import Data
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done, Store
from emoray.storage.store.opening import open_store
from emoray.tables.ensemble_rows import AugmentationRow, TranslationRow
from emoray.tables.files import read_table, write_table

SHARD = CALL
LIMITS = StageLimits(seconds=600.0)
SET_ASIDE = 32, 0.05  # texts, and share of them, that may fail before the translator is to blame


def shards(whole: Translate, texts: int) -> list[Translate]:
    """`whole`, of so many texts, cut at multiples of the shard's size."""
    stop = texts if whole.stop is None else min(whole.stop, texts)
    cuts = [whole.start, *range((whole.start // SHARD + 1) * SHARD, stop, SHARD), stop]
    return [replace(whole, start=a, stop=b) for a, b in pairwise(cuts) if a < b]


def halves(stage: Stage) -> Sequence[Stage]:
    """Both halves of a shard, none of a single text."""
    assert isinstance(stage, Translate) and stage.stop is not None
    middle = (stage.start + stage.stop) // 2
    if middle == stage.start:
        return ()
    return replace(stage, stop=middle), replace(stage, start=middle)


@dataclass(slots=True)
class _ShardProgress:
    """Counts the texts of finished shards, and what of them was found or set aside."""

    texts: int
    shown: Progress
    done: int = 0
    found: int = 0  # of these, in the store already
    failed: list[str] = field(default_factory=list)

    def __call__(self, shard: ShardResult) -> None:
        assert isinstance(shard.stage, Translate) and shard.stage.stop is not None
        size = shard.stage.stop - shard.stage.start
        self.done += size
        if isinstance(shard.result, Failed):
            self.failed.append(shard.result.error)
            self.refuse_the_rest()
        elif shard.result.cached:
            self.found += size
        pace = (self.done - self.found) / max(self.shown.seconds, 1e-9)
        notes = f"{self.found:,} found · {len(self.failed)} set aside · {pace:,.0f} texts/s"
        self.shown.update(self.done, found=self.found, notes=notes)

    def refuse_the_rest(self) -> None:
        few, share = SET_ASIDE
        if len(self.failed) > max(few, share * self.texts):
            raise ValueError(
                f"a translator must do nearly every text, {len(self.failed)} of {self.done} "
                f"failed, the last with {self.failed[-1]}: see that it works on every node"
            )


def _rows(shard: ShardResult, sources: Sequence[str], opened: Store) -> list[TranslationRow]:
    """Rows of a shard; of a text that was set aside, the reason."""
    if isinstance(shard.result, Done):
        return read_translations(opened.local_folder(shard.result))
    assert isinstance(shard.stage, Translate)
    index = shard.stage.start
    why = shard.result.error
    return [TranslationRow(index=index, source=sources[index], pivot="", result="", error=why)]


def _joined(stage: Translate, rows: Iterable[TranslationRow], opened: Store) -> Done:
    """Publish rows that were made in pieces as the stage itself."""
    with tempfile.TemporaryDirectory() as folder:
        write_table(list(rows), Path(folder) / TRANSLATIONS, TranslationRow)
        return opened.make(replace(stage, given=Path(folder)))


def translate(
    whole: Translate,
    *,
    store: Place,
    pool: Pool | None = None,
    limits: StageLimits = LIMITS,
    console: Console | None = None,
) -> Done:
    """Make a translation on a pool of actors, or find it in the store. Ray must run.

    ValueError when so many texts fail that the translator itself must be wrong.

    Args:
        whole: the translation of all of train.
        store: of the stages.
        pool: how many actors, with which resources.
        limits: attempts and seconds of a shard.
        console: gets progress.

    Returns:
        The finished stage.
    """
    opened = open_store(store)
    if done := opened.find(whole):
        return done
    console = console or Console()
    sources = [text for _, text, _ in whole.corpus.read_train()]
    parts = shards(whole, len(sources))
    opened.share(whole)
    texts = sum((p.stop or 0) - p.start for p in parts)
    with progress(console, "translated", unit="texts", total=texts) as shown:
        results = dispatch(
            parts,
            store=store,
            pool=pool or Pool(),
            limits=limits,
            split=halves,
            on_result=_ShardProgress(texts, shown),
        )
    shown.say()
    rows: dict[int, TranslationRow] = {
        row.index: row for shard in results for row in _rows(shard, sources, opened)
    }
    for part in parts:
        assert part.stop is not None
        if opened.find(part) is None:  # it was split: what was set aside is not tried again
            _joined(part, (rows[i] for i in range(part.start, part.stop)), opened)
    return _joined(whole, (rows[i] for i in sorted(rows)), opened)


def with_translators(data: Data, recipes: Iterable[Recipe]) -> Data:
    """Add the translators of these recipes to `data`, as this machine has them.

    Stages planned on another machine are then of the same translators. ValueError for one that is
    not here.

    Args:
        data: of the search.
        recipes: of the search.

    Returns:
        The data with translators.
    """
    knobs = (r.augmentation for r in recipes)
    names = dict.fromkeys(k.translator for k in knobs if isinstance(k, BackTranslation))
    return replace(data, translators=tuple((name, data.translator(name)) for name in names))


def translate_for(
    recipes: Iterable[Recipe], data: Data, *, store: Place, console: Console | None = None
) -> None:
    """Make the translations that the augmentations of these recipes need, before the search."""
    for whole in dict.fromkeys(a.translated for r in recipes if (a := augmenting(r, data))):
        translate(whole, store=store, console=console)


def write_augmentations(context: RunContext, recipes: Iterable[Recipe]) -> None:
    """Copy the translations that these recipes keep, and reject, into the run."""
    for augment in dict.fromkeys(a for r in recipes if (a := augmenting(r, context.data))):
        made = context.stages.make(augment).result()
        if isinstance(made, Failed):
            write_failure(context, augment, made)
            continue
        rows = read_table(context.folder(made) / AUGMENTATIONS, AugmentationRow)
        context.write(rows, "augmentations", made.folder.name)
