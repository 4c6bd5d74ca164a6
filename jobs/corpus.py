"""Look at a corpus of one's own before anything is trained on it, and keep it as a folder."""

from emoray.workflows.settings.corpus import DescribeCorpus
from jobs.console import Job

app = Job()


@app.command(
    DescribeCorpus,
    epilog="Examples:  \n"
    "`python -m jobs.corpus reviews.csv` — seconds  \n"
    "`python -m jobs.corpus tickets.parquet --text-column body --label-column queue "
    "--min-label-texts 20 --keep my-corpus` — then `python -m jobs.sweep --corpus my-corpus`  \n"
    "`python -m jobs.corpus vectors.jsonl --label-names anger,joy,fear` — 0/1 vectors, named  \n"
    "`python -m jobs.corpus rows.parquet --feature-column 'mfcc_*' --keep my-rows` — numbers in "
    "place of texts  \n"
    "`python -m jobs.corpus 's3://bucket/corpus'`  \n"
    "`python -m jobs.corpus hf:google-research-datasets/go_emotions:simplified`",
)
def corpus(settings: DescribeCorpus) -> None:
    """Show how a corpus is understood: columns, labels, splits, what was dropped, what is rare.

    Splits are taken as given, by files or by a column; where there are none they are made, 80 / 10
    / 10, alike in every label, equal texts together. Rows that nobody labelled are left out.
    """
    from emoray.workflows.corpus import run_corpus

    run_corpus(
        settings.corpus, settings.keep, data=settings.data, vector_files=settings.vector_files
    )


if __name__ == "__main__":
    app()
