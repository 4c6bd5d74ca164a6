"""Look at a corpus of one's own before anything is trained on it, and keep it as a folder."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    CorpusName,
    Debug,
    LabelColumn,
    LabelNames,
    LabelSeparator,
    MinLabelTexts,
    PositiveFrom,
    SplitSeed,
    TextColumn,
    VectorsFile,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.corpus reviews.csv` — seconds  \n"
    "`python -m jobs.corpus tickets.parquet --text-column body --label-column queue "
    "--min-label-texts 20 --keep my-corpus` — then `python -m jobs.sweep --corpus my-corpus`  \n"
    "`python -m jobs.corpus vectors.jsonl --label-names anger,joy,fear` — 0/1 vectors, named  \n"
    "`python -m jobs.corpus 's3://bucket/corpus'`  \n"
    "`python -m jobs.corpus hf:google-research-datasets/go_emotions:simplified`"
)
def corpus(
    source: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS",
            help="A CSV, TSV, text, JSON-lines or Parquet file (.gz, .bz2, .xz too), a folder, "
            ".zip or glob of train, dev and test files, s3://…, or hf:owner/name[:config].",
        ),
    ],
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    label_separator: LabelSeparator = None,
    label_names: LabelNames = None,
    positive_from: PositiveFrom = None,
    corpus_name: CorpusName = None,
    min_label_texts: MinLabelTexts = 1,
    split_seed: SplitSeed = 0,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Folder, or s3://bucket/prefix, to keep it in as every --corpus reads it: "
            "train.tsv, dev.tsv, test.tsv and labels.txt. One that holds another corpus is refused."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            envvar="EMORAY_DATA",
            help="Folder, or s3://bucket/prefix, with word vectors in `glove/`: how many of the "
            "corpus' words they know.",
        ),
    ] = None,
    vectors_file: VectorsFile = None,
    debug: Debug = False,
) -> None:
    """Show how a corpus is understood: columns, labels, splits, what was dropped, what is rare.

    Splits are taken as given, by files or by a column; where there are none they are made, 80 / 10
    / 10, alike in every label, equal texts together. Rows that nobody labelled are left out.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.corpus import run_corpus

        asked = bring_or_none(
            source,
            name=corpus_name,
            text_column=text_column,
            label_columns=label_column or (),
            label_separator=label_separator,
            label_names=label_names or (),
            positive_from=positive_from,
            min_label_texts=min_label_texts,
            seed=split_seed,
        )
        assert asked is not None
        run_corpus(
            asked,
            place_or_none(keep),
            data=place_or_none(data),
            vector_files=tuple(place_of(each) for each in vectors_file or ()),
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
