"""Search embedding dimension, layers, quantization, temperature and thresholds in one Ray job."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Address,
    Corpus,
    CorpusName,
    Cpus,
    DataAndVectors,
    Debug,
    Download,
    GpusPerStage,
    Insecure,
    KeepTexts,
    LabelColumn,
    LabelNames,
    LabelSeparator,
    MinLabelTexts,
    PositiveFrom,
    RunsOut,
    SplitSeed,
    Store,
    Taxonomy,
    TextColumn,
    TextTokens,
    Vectors,
    VectorsFile,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.sweep` — minutes on two cores, then open results/quick-ekman/report.html  \n"
    "`python -m jobs.sweep --dim 16 --dim 32 --layers 0 --seeds 3` — a grid of your own  \n"
    "`python -m jobs.sweep --space joint --trials 200` — Optuna over all five knobs at once  \n"
    "`python -m jobs.sweep --corpus reviews.csv` — labels and texts of your own  \n"
    "`python -m jobs.sweep --vectors given --vectors own-ppmi` — Stanford's vectors, and vectors "
    "trained on the corpus  \n"
    "`cluster/submit.sh -- python -m jobs.sweep --space seed --out /shared/results`"
)
def sweep(
    space: Annotated[
        str,
        typer.Option(
            help="**quick**: minutes on two cores. **seed**: dimensions x layers 0-4 x 5 seeds x "
            "all schemes. **qat**: quantized after training and during, at 8 to 2 bits. **joint**: "
            "Optuna over dimension, layers, temperature, threshold and quantization together. "
            "**smoke**: seconds, to see that everything works. **bert**, **bert-joint**, "
            "**bert-smoke**: the same with fine-tuned encoders. qat and bert need the extra `bert`."
        ),
    ] = "quick",
    taxonomy: Taxonomy = None,
    corpus: Corpus = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    label_separator: LabelSeparator = None,
    label_names: LabelNames = None,
    positive_from: PositiveFrom = None,
    corpus_name: CorpusName = None,
    min_label_texts: MinLabelTexts = 1,
    split_seed: SplitSeed = 0,
    data: DataAndVectors = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: space-taxonomy or space-corpus]",
        ),
    ] = None,
    store: Store = None,
    dim: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Embedding dimension in place of the space's own; repeatable."),
    ] = None,
    layers: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Hidden layers in place of the space's own; repeatable."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Trainings of each recipe, with seeds 0, 1, ...")
    ] = None,
    vectors: Vectors = None,
    vectors_file: VectorsFile = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            help="Encoder of the bert spaces: a folder, s3://bucket/prefix, or a model id of the "
            "Hugging Face hub with safetensors; repeatable.  [default: all-MiniLM-L6-v2, from the "
            "package registry]"
        ),
    ] = None,
    max_tokens: TextTokens = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of the joint search.")] = 64,
    address: Address = None,
    cpus: Cpus = None,
    gpus_per_stage: GpusPerStage = None,
    insecure: Insecure = False,
    stage_minutes: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="A stage (one training, one model to compress, ...) that runs longer is killed "
            "and becomes a row of failures; 0 for no limit.",
        ),
    ] = 720.0,
    download: Download = True,
    keep_texts: KeepTexts = None,
    download_vectors: Annotated[
        bool,
        typer.Option(
            "--download-vectors",
            help="Fetch Stanford's glove.6B.zip (862 MB: 50 to 300 dimensions) into the cache.",
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Search embedding dimension, layers, quantization, temperature and thresholds in one job.

    Leaves Parquet tables of every operating point, artifacts that run with onnxruntime alone, and a
    report to open. Interrupt it whenever you like: the same command goes on where it stopped.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.distributed.actor_pool import StageLimits
        from emoray.distributed.connection import Cluster
        from emoray.search.overrides import SpaceOverrides
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.sweep import Sweep, run_sweep

        run_sweep(
            Sweep(
                space=space,
                taxonomy=taxonomy,
                corpus=bring_or_none(
                    corpus,
                    name=corpus_name,
                    text_column=text_column,
                    label_columns=label_column or (),
                    label_separator=label_separator,
                    label_names=label_names or (),
                    positive_from=positive_from,
                    min_label_texts=min_label_texts,
                    seed=split_seed,
                ),
                data=place_or_none(data),
                out=place_of(out),
                run=name,
                store=place_or_none(store),
                trials=trials,
                max_tokens=max_tokens,
                encoders=tuple(encoder or ()),
                wish=SpaceOverrides.said(dim or (), layers or (), seeds, vectors or ()),
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                gpus_per_stage=gpus_per_stage,
                limits=StageLimits(seconds=60 * stage_minutes),
                download=download,
                keep_texts=keep_texts,
                download_vectors=download_vectors,
                vector_files=tuple(place_of(each) for each in vectors_file or ()),
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
