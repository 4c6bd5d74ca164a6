"""What may be asked of `jobs.benchmark`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from emoray.options import Option


@dataclass(frozen=True, kw_only=True)
class Benchmarks:
    """Which benchmarks, at what size, recorded where. peers, scale: the same as in `only`."""

    only: Annotated[
        tuple[str, ...],
        Option(
            help="**vectors**: the reader of word vectors beside gensim's, time and peak memory. "
            "**thresholds**: exact cuts beside scikit-learn's tuner, and bootstrap intervals. "
            "**serving**: one text in, labels out, beside the model alone and reading afresh. "
            "**http**: the same over HTTP, and at twice what the service can answer. "
            "**http-peers**: the same artifact behind LitServe and BentoML, which it installs. "
            "**predict**: a million texts by `jobs.predict`, by one process and by Ray Data. "
            "**sweep**: a search beside one trial per operating point, and beside its own stages. "
            "**cached**: a trial whose stages are all there. "
            "**everyday**: a command's help, 100,000 points read and drawn. "
            "**peers**: a finished checkpoint's integer artifacts beside what the standard tools "
            "make of it; needs --model. "
            "**few-shots**: MiniLM on --shots texts a label by each of our ways, beside SetFit, "
            "which it installs. "
            "**scale**: simulated nodes, many trials, many points. "
            "**monitor**: false alarms, drifts found, a log of a million rows; needs --artifact. "
            "Give it again for more than one.  "
            "[default: all but peers, few-shots, http-peers, scale and monitor]"
        ),
    ] = ()
    peers: Annotated[
        bool,
        Option(
            names=("--peers",),
            help="The same as --only peers, or one more beside others; with --shots, as --only "
            "few-shots.",
        ),
    ] = False
    shots: Annotated[
        int | None, Option(least=1, help="few-shots: texts of each label.  [default: 16]")
    ] = None
    draws: Annotated[int, Option(least=2, help="few-shots: draws of texts, and seeds.")] = 3
    scale: Annotated[
        bool,
        Option(names=("--scale",), help="The same as --only scale, or one more beside others."),
    ] = False
    model: Annotated[
        Path | None,
        Option(
            help="peers: folder of a fine-tuned checkpoint, emoray's or a transformers sequence "
            "classifier with a multi-label head."
        ),
    ] = None
    artifact: Annotated[
        Path | None,
        Option(help="monitor: folder of an artifact on GoEmotions' 28 labels."),
    ] = None
    threads: Annotated[int, Option(least=1, help="peers, few-shots: threads of every model.")] = 2
    cache: Annotated[
        Path | None,
        Option(
            help="peers, few-shots, http-peers: folder of the peers' environments (4 GB) and of "
            "finished work.  [default: the user's cache]"
        ),
    ] = None
    out: Annotated[
        Path,
        Option(help="Folder of all runs; its benchmark.jsonl gets one more line a benchmark."),
    ] = Path("results")
    rows: Annotated[
        int, Option(least=1, help="vectors: rows of 300 numbers in the file that is made.")
    ] = 400_000
    scratch: Annotated[
        Path | None,
        Option(help="vectors: where that file, 1 GB, may lie meanwhile.  [default: temporary]"),
    ] = None
    taxonomy: Annotated[
        str,
        Option(help="sweep, few-shots: **goemotions** (28), **ekman** (7) or **sentiment** (4)."),
    ] = "ekman"
    data: Annotated[
        Path | None,
        Option(
            variable="EMORAY_DATA",
            help="sweep, predict, peers, few-shots, monitor: folder that holds `goemotions/`. "
            "Without it: the cache, the official download, the embedded sample, in this order.",
        ),
    ] = None
    points: Annotated[
        int, Option(least=1, help="sweep: operating points measured the naive way.")
    ] = 8
    cpus: Annotated[int, Option(least=1, help="sweep, predict: CPUs of the Ray started here.")] = 2
    download: Annotated[
        bool,
        Option(
            help="sweep, predict, peers, monitor: whether GoEmotions may be downloaded when not "
            "found."
        ),
    ] = True

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of those that are asked for."""
        peers = "peers" if self.shots is None or self.model is not None else "few-shots"
        named = [peers] if self.peers else []
        return (*self.only, *named, *(["scale"] if self.scale else []))
