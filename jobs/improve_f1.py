"""Measure what focal loss, augmentation and ensembles earn over one baseline."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Address,
    Corpus,
    Cpus,
    DataAndVectors,
    Debug,
    Download,
    Epochs,
    GpusPerStage,
    Insecure,
    RunsOut,
    Store,
    Taxonomy,
    TextTokens,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.improve_f1 --technique all` — word vectors, some minutes on two cores  \n"
    "`python -m jobs.improve_f1 --technique focal_loss --seeds 5`  \n"
    "`python -m jobs.improve_f1 --family bert --texts 4000 --members 3` — an encoder, as far as a "
    "small machine goes  \n"
    "`cluster/submit.sh -- python -m jobs.improve_f1 --technique all --family bert "
    "--out s3://bucket/improve`"
)
def improve_f1(
    technique: Annotated[
        list[str],
        typer.Option(
            help="**focal_loss**, **augmentation** (back-translation), **ensemble**, or **all**; "
            "repeatable."
        ),
    ] = ["all"],  # noqa: B006
    family: Annotated[
        list[str],
        typer.Option(
            help="**glove**: word vectors. **bert**: a fine-tuned encoder (needs the extra `bert`; "
            "minutes to hours each training). Repeatable."
        ),
    ] = ["glove"],  # noqa: B006
    taxonomy: Taxonomy = None,
    corpus: Corpus = None,
    seeds: Annotated[
        int, typer.Option(min=2, help="Trainings of the baseline and of each technique.")
    ] = 3,
    members: Annotated[int, typer.Option(min=2, help="Models of each ensemble.")] = 5,
    translator: Annotated[
        str,
        typer.Option(help="Of the augmentation: apertium:eng-spa, marian:Helsinki-NLP/..., …"),
    ] = "apertium:eng-spa",
    share: Annotated[
        float, typer.Option(min=0, help="Augmented texts as a share of the train texts.")
    ] = 0.5,
    balance: Annotated[
        float, typer.Option(min=0, help="0 augments every text alike, 1 rare labels more.")
    ] = 1.0,
    texts: Annotated[
        int | None,
        typer.Option(min=50, help="Train texts to use; dev and test stay whole.  [default: all]"),
    ] = None,
    epochs: Epochs = None,
    max_tokens: TextTokens = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Of the bert family: a folder or a model id.  [default: all-MiniLM-L6-v2]"
        ),
    ] = None,
    data: DataAndVectors = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: improve_f1-TAXONOMY]",
        ),
    ] = None,
    store: Store = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus_per_stage: GpusPerStage = None,
    insecure: Insecure = False,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Measure what each technique earns over the same baseline.

    The baseline is plain cross-entropy. Every seed trains all sides; thresholds are fitted on dev,
    test is scored once. Changes carry 95 % intervals over test texts and seeds, in all and label by
    label, and a paragraph says plainly whether the gains that are often promised (focal loss
    10-20 %, augmentation 5-15 %, ensembles 15-25 %) were found. Leaves `improvements.parquet`,
    `improvement_seeds.parquet`, `summary.md` and a figure.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.distributed.connection import Cluster
        from emoray.storage.location import place_of
        from emoray.workflows.improve import TECHNIQUES, Improve, run_improve

        run_improve(
            Improve(
                techniques=TECHNIQUES if "all" in technique else tuple(technique),
                families=tuple(family),
                taxonomy=taxonomy,
                corpus=bring_or_none(corpus),
                seeds=seeds,
                members=members,
                translator=translator,
                share=share,
                balance=balance,
                texts=texts,
                epochs=epochs,
                max_tokens=max_tokens,
                encoder=encoder,
                data=place_of(data) if data else None,
                out=place_of(out),
                name=name,
                store=place_of(store) if store else None,
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                gpus_per_stage=gpus_per_stage,
                download=download,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
