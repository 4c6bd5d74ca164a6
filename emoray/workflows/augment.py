"""Back-translate train, choose what is worth training on, and leave it as a table and a corpus."""

from collections import Counter
from typing import Any

from rich.console import Console

from emoray.augment.filters import KEPT, Agreement, AnyLabels, Filters
from emoray.augment.registry import translator_of
from emoray.console.progress import progress
from emoray.data.corpus import read_splits
from emoray.data.finding import taxonomy_for
from emoray.distributed.actor_pool import Pool
from emoray.distributed.connection import connected
from emoray.releases.resolving import local_artifact
from emoray.search.translation import translate
from emoray.stages.augmentation import AUGMENTATIONS, SUFFIX, Augment, Translate
from emoray.stages.label_agreement import agreement_of
from emoray.stages.spec import CorpusRef, TranslatorRef
from emoray.storage.location import Place, staged_output
from emoray.storage.lock import alone_in
from emoray.storage.run_folder import record_inputs
from emoray.storage.store.opening import open_store
from emoray.tables.ensemble_rows import AugmentationRow
from emoray.tables.files import read_table, write_table
from emoray.workflows.corpus import print_summary, warn_of_sample
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.augment import USUAL, Augmenting

CORPUS = "augmented.tsv"
EXAMPLES = 2  # of each verdict


def planned_augmentation(settings: Augmenting, console: Console) -> Augment:
    """Build the job's stage; ValueError for settings that cannot be used."""
    knob = settings.knob
    source = settings.find_texts("back-translation")
    taxonomy = taxonomy_for(settings.taxonomy, source, usual=USUAL)
    corpus = read_splits(source.folder, name=source.name, taxonomy=taxonomy)
    if source.notes:
        print_summary(source, console)
    warn_of_sample(source, console)
    if settings.limit is not None and settings.limit < 1:
        raise ValueError(
            f"limit must be at least 1, got {settings.limit}: leave it out for all of train"
        )
    if settings.most_fall is not None and not settings.agree:
        raise ValueError(
            f"most_fall is of what an artifact reads, got {settings.most_fall:g} without one: name "
            "it with --agree"
        )
    ref = CorpusRef.of(corpus, source.folder)
    labels: AnyLabels | Agreement = AnyLabels()
    if settings.agree:
        labels = agreement_of(local_artifact(settings.agree), ref.taxonomies, settings.most_fall)
    cut = settings.limit is not None and settings.limit < len(corpus.train)
    return Augment(
        translated=Translate(
            corpus=ref,
            translator=TranslatorRef.of(translator_of(knob.translator)),
            stop=settings.limit if cut else None,
        ),
        taxonomy=taxonomy.name,
        filters=Filters(labels=labels),
        share=knob.share,
        balance=knob.balance,
        seed=settings.seed,
    )


def corpus_lines(corpus: CorpusRef, rows: list[dict[str, Any]]) -> str:
    """Train in GoEmotions' form, then what was kept, each with its source's label ids."""
    records = corpus.read_train()
    kept = [row for row in rows if row["verdict"] == KEPT]
    lines = [(comment, text, ids) for comment, text, ids in records]
    for row in kept:
        comment, _, ids = records[row["source_index"]]
        lines.append((f"{comment}{SUFFIX}", row["result"], ids))
    return "".join(f"{text}\t{','.join(map(str, ids))}\t{c}\n" for c, text, ids in lines)


def _print_verdicts(rows: list[dict[str, Any]], wanted: float, console: Console) -> None:
    """Print counts by verdict, and examples of each."""
    counts = Counter(row["verdict"] for row in rows)
    share = counts[KEPT] / max(len(rows), 1)
    console.print(f"{counts[KEPT]:,} of {len(rows):,} kept ({share:.0%})", highlight=False)
    if share < wanted - 0.5 / max(len(rows), 1):
        console.print(
            f"[bold]fewer than the {wanted:.0%} asked for:[/] no other text passes the filters",
            highlight=False,
        )
    for verdict, count in counts.most_common():
        console.print(f"\n{verdict} {count:,}", highlight=False)
        of_it = [row for row in rows if row["verdict"] == verdict]
        for row in of_it[:: max(1, len(of_it) // EXAMPLES)][:EXAMPLES]:
            text = row["result"] or row["reason"]
            console.print(
                f"  {row['labels']}: {row['source']} → {text}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )


def run_augment(settings: Augmenting, console: Console | None = None) -> Place:
    """Translate, choose, write `augmentations.parquet` and `augmented.tsv`.

    ValueError for a mistake in settings or data, before any worker starts.

    Args:
        settings: what to translate and keep.
        console: the terminal.

    Returns:
        The run's folder.
    """
    console = console or Console()
    stage = planned_augmentation(settings, console)
    settings.ready()
    inputs = {
        "job": "jobs.augment",
        "corpus": stage.translated.corpus.name,
        "corpus_sha256": stage.translated.corpus.sha256,
        "taxonomy": stage.taxonomy,
        "translator": settings.translator,
    }
    out = free_place(settings.lands, inputs, console)
    store = open_store(settings.store_place)  # refused here, before a folder is made
    with alone_in(out) as still_alone, staged_output(out) as folder:
        record_inputs(out, inputs)
        with connected(settings.cluster):
            translate(
                stage.translated,
                store=store.place,
                pool=Pool(actors=settings.workers),
                console=console,
            )
        console.print("choosing what to keep", highlight=False)
        with progress(console, "choosing what to keep"):
            chosen = store.make(stage).folder
        table = read_table(chosen / AUGMENTATIONS, AugmentationRow)
        rows = table.to_pylist()
        still_alone()
        write_table(table, folder / AUGMENTATIONS, AugmentationRow)
        lines = corpus_lines(stage.translated.corpus, rows)
        (folder / CORPUS).write_text(lines, "utf-8", newline="")
        _print_verdicts(rows, settings.share, console)
    console.print(
        f"\ntable {out}/{AUGMENTATIONS}\ncorpus {out}/{CORPUS}",
        highlight=False,
        soft_wrap=True,
    )
    return out
