"""The options that jobs share: one name, one meaning, one help text wherever they stand.

An alias holds type and help; the default stands in the job. Options of one job only, and a `--name`
whose default follows from another option, stay with their job.
"""

from typing import Annotated, TypeAlias

import typer

Data: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="EMORAY_DATA",
        help="Folder, or s3://bucket/prefix, that holds `goemotions/`. Without it: the cache, the "
        "official download, the embedded sample, in this order.",
    ),
]
DataAndVectors: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="EMORAY_DATA",
        help="Folder, or s3://bucket/prefix, that holds `goemotions/` and, if you have them, word "
        "vectors in `glove/`. Without it: the cache, the official download, the embedded sample, "
        "in this order.",
    ),
]
Corpus: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="A corpus of your own in place of GoEmotions: a CSV, TSV, JSON-lines or Parquet file, "
        "a folder or glob of train, dev and test files, s3://…, hf:owner/name[:config], or "
        "`sample` for the embedded one. "
        "`python -m jobs.corpus` shows how it is understood, and keeps it as a folder where its "
        "columns need to be named."
    ),
]
TextColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Column of the texts; 'column 1', … in a file without a header.  [default: by its "
        "usual names]"
    ),
]
LabelColumn: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="Column of the labels (names, lists, ids, vectors of 0 and 1); repeated: a column of "
        "0 and 1 for each label.  [default: by their usual names, else every column of 0 and 1]"
    ),
]
LabelSeparator: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Sign between the labels of one cell.  [default: as seen in the cells]"),
]
LabelNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="What label ids 0, 1, … or the places of 0/1 vectors stand for: anger,joy,fear, or a "
        "file of a name a line; repeated: a name each.  [default: as the file says, or labels.txt "
        "beside it]"
    ),
]
PositiveFrom: TypeAlias = Annotated[
    float | None,
    typer.Option(
        help="Shares of yes, such as 0.75, from this one on are labels; one column of them has "
        "the labels NAME and no NAME."
    ),
]
CorpusName: TypeAlias = Annotated[
    str | None, typer.Option(help="What tables call the corpus.  [default: its file's name]")
]
KeepTexts: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        help="Keep the test texts in `texts.parquet`, to read what a row gets wrong.  [default: of "
        "GoEmotions and the sample, whose licences allow it; not of --corpus]"
    ),
]
MinLabelTexts: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Drop labels with fewer texts; their texts stay.")
]
SplitSeed: TypeAlias = Annotated[
    int, typer.Option(help="Of the splits that are made where the corpus has none.")
]
Taxonomy: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Labels: **goemotions** (28), **ekman** (7), **sentiment** (4), or **own**: those of "
        "--corpus.  [default: ekman; with --corpus all that it has]"
    ),
]
Artifact: TypeAlias = Annotated[
    str, typer.Option(help="Folder of the artifact, of either family. It is only read.")
]
Checkpoint: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Folder of the model: a fine-tuning of emoray (weights.npz, …), or what "
        "transformers saved (config.json, model.safetensors, tokenizer.json) with a "
        "multi-label head: BERT, RoBERTa, DistilBERT and their kin. It is only read."
    ),
]
MaxTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=3,
        help="Tokens of a text that an artifact reads.  [default: what the model's tokenizer "
        "reads]",
    ),
]
TextTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        min=3,
        help="Words of a text, or an encoder's pieces, that models read; what comes later is cut "
        "off.  [default: what reads 99 % of train's texts whole: 64 to 256 words, or 64 up to the "
        "encoder's positions]",
    ),
]
Threads: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Threads of each model while it is timed.")
]
Vectors: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="Word vectors that recipes start from: **given** (Stanford's, or --vectors-file), "
        "**own-ppmi** or **own-glove** (trained on the train texts, as wide as each recipe asks); "
        "repeatable.  [default: the space's own]"
    ),
]
VectorsFile: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="Word vectors in place of Stanford's, a path or s3://…: GloVe's text format (.txt, "
        ".gz) or a .npy with its words beside it, as `python -m jobs.vectors` writes both; "
        "repeatable, for other widths."
    ),
]
Epochs: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Epochs in place of the recipes' own.")
]
RunFolder: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Folder of a run, such as results/quick-ekman or s3://bucket/results/quick-ekman.",
    ),
]
RunsOut: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Folder of all runs, or s3://bucket/prefix. The job makes its own folder in it, and "
        "their finished stages lie beside them."
    ),
]
Store: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Folder of finished stages, or s3://bucket/prefix, shared by runs.  [default: "
        "OUT/_store] The same command run again does nothing twice; a changed one makes only "
        "what changed."
    ),
]
Address: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="RAY_ADDRESS",
        help="A running Ray to join, host:port or auto.  [default: start one for this run]",
    ),
]
Cpus: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="CPUs of the Ray started here.  [default: all]")
]
GpusPerStage: TypeAlias = Annotated[
    float | None,
    typer.Option(
        help="GPUs, or a share of one such as 0.5, that a stage which trains with torch holds; "
        "named, it waits for nodes that have them; 0 for none.  [default: 1 where the cluster has "
        "any]"
    ),
]
Insecure: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--insecure", help="Join a Ray that others reach and that asks nobody for a token."
    ),
]
Download: TypeAlias = Annotated[
    bool, typer.Option(help="Whether GoEmotions may be downloaded when it is not found.")
]
Debug: TypeAlias = Annotated[bool, typer.Option(help="Show the traceback of an error.")]
