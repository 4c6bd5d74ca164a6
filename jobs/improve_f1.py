"""Measure what focal loss, augmentation and ensembles earn over one baseline."""

from typing import Annotated

import typer

from jobs.console import run_job

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.improve_f1 --technique all` — word vectors, some minutes on two cores  \n"
    "`python -m jobs.improve_f1 --technique focal_loss --seeds 5`  \n"
    "`python -m jobs.improve_f1 --family bert --texts 4000 --members 3` — an encoder, as far as a "
    "small machine goes  \n"
    "`ray job submit --working-dir . -- python -m jobs.improve_f1 --technique all --family bert "
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
    taxonomy: Annotated[
        str, typer.Option(help="Labels: **goemotions** (28), **ekman** (7) or **sentiment** (4).")
    ] = "ekman",
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
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs in place of the recipe's own.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Of the bert family: a folder or a model id.  [default: all-MiniLM-L6-v2]"
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            envvar="EMORAY_DATA",
            help="Folder or s3:// prefix with `goemotions/` and, if you have them, word vectors.",
        ),
    ] = None,
    out: Annotated[
        str, typer.Option(help="Folder or s3:// prefix of the tables.")
    ] = "results/improve_f1",
    store: Annotated[
        str | None, typer.Option(help="Finished stages, shared by runs.  [default: OUT/_store]")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            envvar="RAY_ADDRESS", help="A running Ray to join.  [default: start one for this run]"
        ),
    ] = None,
    cpus: Annotated[
        int | None, typer.Option(min=1, help="CPUs of the Ray started here.  [default: all]")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Join a Ray that asks for no token all the same.")
    ] = False,
    download: Annotated[
        bool, typer.Option(help="Whether GoEmotions may be downloaded when it is not found.")
    ] = True,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Measure what each technique earns over the same baseline.

    The baseline is plain cross-entropy. Every seed trains all sides; thresholds are fitted on dev,
    test is scored once. Changes carry 95 % intervals over test texts and seeds, in all and label by
    label, and a paragraph says plainly whether the gains that are often promised (focal loss
    10-20 %, augmentation 5-15 %, ensembles 15-25 %) were found. Leaves `improvements.parquet`,
    `improvement_seeds.parquet`, `summary.md` and a figure.
    """

    def work() -> None:
        from emoray.fleet.connection import Cluster
        from emoray.fleet.improve import TECHNIQUES, Improve, run_improve
        from emoray.storage.place import place_of

        run_improve(
            Improve(
                techniques=TECHNIQUES if "all" in technique else tuple(technique),
                families=tuple(family),
                taxonomy=taxonomy,
                seeds=seeds,
                members=members,
                translator=translator,
                share=share,
                balance=balance,
                texts=texts,
                epochs=epochs,
                encoder=encoder,
                data=place_of(data) if data else None,
                out=place_of(out),
                store=place_of(store) if store else None,
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                download=download,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
