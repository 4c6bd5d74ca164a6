"""Search embedding dimension, layers, quantization, temperature and thresholds in one Ray job."""

from typing import Annotated

import typer

from jobs.console import run_job

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.sweep` — minutes on two cores, then open results/quick-ekman/report.html  \n"
    "`python -m jobs.sweep --dim 16 --dim 32 --layers 0 --seeds 3` — a grid of your own  \n"
    "`python -m jobs.sweep --space joint --trials 200` — Optuna over all five knobs at once  \n"
    "`ray job submit --working-dir . -- python -m jobs.sweep --space seed --out /shared/results`"
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
    taxonomy: Annotated[
        str, typer.Option(help="Labels: **goemotions** (28), **ekman** (7) or **sentiment** (4).")
    ] = "ekman",
    data: Annotated[
        str | None,
        typer.Option(
            envvar="EMORAY_DATA",
            help="Folder, or s3://bucket/prefix, that holds `goemotions/` and, if you have them, "
            "word vectors in `glove/`. "
            "Without it: the cache, the official download, the embedded sample, in this order.",
        ),
    ] = None,
    out: Annotated[
        str, typer.Option(help="Folder of all runs, or s3://bucket/prefix.")
    ] = "results",
    run: Annotated[
        str | None, typer.Option(help="Name of this run's folder.  [default: space-taxonomy]")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Folder of finished stages, or s3://bucket/prefix, shared by runs.  "
            "[default: OUT/_store] The same command run again does nothing twice; a changed one "
            "makes only what changed."
        ),
    ] = None,
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
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            help="Encoder of the bert spaces: a folder, s3://bucket/prefix, or a model id of the "
            "Hugging Face hub with safetensors; repeatable.  [default: all-MiniLM-L6-v2, from the "
            "package registry]"
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of the joint search.")] = 64,
    address: Annotated[
        str | None,
        typer.Option(
            envvar="RAY_ADDRESS",
            help="A running Ray to join, host:port or auto.  [default: start one for this run]",
        ),
    ] = None,
    cpus: Annotated[
        int | None, typer.Option(min=1, help="CPUs of the Ray started here.  [default: all]")
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Join a Ray that others reach and that asks nobody for a token."
        ),
    ] = False,
    stage_minutes: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="A stage (one training, one model to compress, ...) that runs longer is killed "
            "and becomes a row of failures; 0 for no limit.",
        ),
    ] = 720.0,
    download: Annotated[
        bool, typer.Option(help="Whether GoEmotions may be downloaded when it is not found.")
    ] = True,
    download_vectors: Annotated[
        bool,
        typer.Option(
            "--download-vectors",
            help="Fetch Stanford's glove.6B.zip (862 MB: 50 to 300 dimensions) into the cache.",
        ),
    ] = False,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    """Search embedding dimension, layers, quantization, temperature and thresholds in one job.

    Leaves Parquet tables of every operating point, artifacts that run with onnxruntime alone, and a
    report to open. Interrupt it whenever you like: the same command goes on where it stopped.
    """

    def work() -> None:
        from emoray.fleet.connection import Cluster
        from emoray.fleet.dispatch import Limits
        from emoray.fleet.space import Wish
        from emoray.fleet.sweep import Sweep, run_sweep
        from emoray.storage.place import place_of, place_or_none

        run_sweep(
            Sweep(
                space=space,
                taxonomy=taxonomy,
                data=place_or_none(data),
                out=place_of(out),
                run=run,
                store=place_or_none(store),
                trials=trials,
                encoders=tuple(encoder or ()),
                wish=Wish(dims=tuple(dim or ()), layers=tuple(layers or ()), seeds=seeds),
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                limits=Limits(seconds=60 * stage_minutes),
                download=download,
                download_vectors=download_vectors,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
