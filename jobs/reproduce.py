"""Run rows of a finished run again: hashes, artifact, scores, bytes; or train them anew."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Corpus, DataAndVectors, Debug, Download, VectorsFile

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.reproduce --run results/quick-ekman --sample 20` — twenty rows, drawn by "
    "--seed  \n"
    "`python -m jobs.reproduce --run s3://bucket/results/quick-ekman --point point-1f…`  \n"
    "`python -m jobs.reproduce --run results/quick-ekman --point point-1f… --from-scratch "
    "--seeds 4` — trained anew, and four more seeds beside it"
)
def reproduce(
    run: Annotated[str, typer.Option(help="Folder of the run, or s3://bucket/prefix.")],
    point: Annotated[
        list[str] | None, typer.Option(help="Id of a row of `points`; repeatable.")
    ] = None,
    sample: Annotated[int, typer.Option(help="Draw so many rows.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch",
            help="Also train each row anew, same recipe and seed, in a fresh store, and tell the "
            "spread of score and bytes. Takes as long as the training did.",
        ),
    ] = False,
    seeds: Annotated[
        int, typer.Option(help="With --from-scratch: train so many other seeds as well.")
    ] = 0,
    corpus: Corpus = None,
    data: DataAndVectors = None,
    vectors_file: VectorsFile = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Folder of finished stages, or s3://bucket/prefix. It is only read.  [default: "
            "the _store beside RUN]"
        ),
    ] = None,
    stages: Annotated[
        bool,
        typer.Option(
            help="Check every stage behind a row in the store: one that is damaged or not there is "
            "a failure."
        ),
    ] = True,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Check that rows of a run come out again: exit code 0 where all do, 1 where one does not.

    Each row's artifact is checked by its hashes (one off the front is put together from the store
    first) and run on dev and test from raw text; its thresholds are fitted anew; every score and
    the bytes are held against the row. Every stage that it was made by is checked in the store,
    file by file, and one that is not there is a failure; nothing is written there. On the run's
    machine, processor and library versions alike, scores must be equal to the last digit. Elsewhere
    they may differ by 0.002 and the differences of the machines are named; bytes and hashes must be
    equal anywhere.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.reproduce.reproduce import Reproduce, run_reproduce

        failed = run_reproduce(
            Reproduce(
                run=place_of(run),
                points=tuple(point or ()),
                sample=sample,
                seed=seed,
                from_scratch=from_scratch,
                seeds=seeds,
                corpus=bring_or_none(corpus),
                data=place_or_none(data),
                vector_files=tuple(place_of(each) for each in vectors_file or ()),
                store=place_or_none(store),
                stages=stages,
                download=download,
            )
        )
        raise SystemExit(1 if failed else 0)

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
