"""Measure what emoray claims: readers, thresholds and the search, beside what they replace."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import Debug

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.benchmark` — everything, about ten minutes on two quiet cores  \n"
    "`python -m jobs.benchmark --only thresholds` — seconds  \n"
    "`python -m jobs.benchmark --only sweep --data FOLDER --points 16`  \n"
    "`python -m jobs.benchmark --peers --model results/_store/stages/finetune/KEY` — beside "
    "PyTorch, onnxruntime, Optimum and Olive; the first run installs the latter two"
)
def benchmark(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="**vectors**: the reader of word vectors beside gensim's, time and peak memory. "
            "**thresholds**: exact cuts beside scikit-learn's tuner, and bootstrap intervals. "
            "**serving**: one text in, labels out, beside the model alone and reading afresh. "
            "**sweep**: a search beside one trial per operating point, and beside its own stages. "
            "**cached**: a trial whose stages are all there. "
            "**everyday**: a command's help, 100,000 points read and drawn. "
            "**peers**: a finished checkpoint's integer artifacts beside what the standard tools "
            "make of it; needs --model. "
            "**scale**: simulated nodes, many trials, many points. "
            "Give it again for more than one.  [default: all but peers and scale]"
        ),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="The same as --only peers, or one more beside others.")
    ] = False,
    scale: Annotated[
        bool, typer.Option("--scale", help="The same as --only scale, or one more beside others.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            help="peers: folder of a fine-tuned checkpoint, emoray's or a transformers sequence "
            "classifier with a multi-label head."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="peers: threads of every model.")] = 2,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="peers: folder of the peers' environments (3 GB) and of finished work.  "
            "[default: the user's cache]"
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder of all runs; its benchmark.jsonl gets one more line a benchmark."
        ),
    ] = Path("results"),
    rows: Annotated[
        int, typer.Option(min=1, help="vectors: rows of 300 numbers in the file that is made.")
    ] = 400_000,
    scratch: Annotated[
        Path | None,
        typer.Option(
            help="vectors: where that file, 1 GB, may lie meanwhile.  [default: temporary]"
        ),
    ] = None,
    taxonomy: Annotated[
        str, typer.Option(help="sweep: **goemotions** (28), **ekman** (7) or **sentiment** (4).")
    ] = "ekman",
    data: Annotated[
        Path | None,
        typer.Option(
            envvar="EMORAY_DATA",
            help="sweep, peers: folder that holds `goemotions/`. Without it: the cache, the "
            "official download, the embedded sample, in this order.",
        ),
    ] = None,
    points: Annotated[
        int, typer.Option(min=1, help="sweep: operating points measured the naive way.")
    ] = 8,
    cpus: Annotated[int, typer.Option(min=1, help="sweep: CPUs of the Ray started here.")] = 2,
    download: Annotated[
        bool,
        typer.Option(help="sweep, peers: whether GoEmotions may be downloaded when not found."),
    ] = True,
    debug: Debug = False,
) -> None:
    """Measure what emoray claims, beside what it replaces, in one run on this machine.

    Ratios are what to compare; times are this machine's, and rough when others use it too.
    """

    def work() -> None:
        from emoray.benchmarks.run import Benchmarks, run_benchmarks

        run_benchmarks(
            Benchmarks(
                only=(
                    *(only or ()),
                    *(["peers"] if peers else []),
                    *(["scale"] if scale else []),
                ),
                out=out,
                rows=rows,
                scratch=scratch,
                taxonomy=taxonomy,
                data=data,
                points=points,
                cpus=cpus,
                download=download,
                model=model,
                threads=threads,
                cache=cache,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
