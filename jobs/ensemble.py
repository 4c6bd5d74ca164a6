"""Train several models in parallel and let them answer as one, combined in every way."""

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
    Insecure,
    KeepTexts,
    RunsOut,
    Store,
    Taxonomy,
    TextTokens,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.ensemble` — five different members, minutes on two cores; then open "
    "results/ensemble-diverse5-ekman/report.html  \n"
    "`python -m jobs.ensemble --plan seeds --members 8 --combine mean --combine greedy`  \n"
    "`python -m jobs.ensemble --encoder all-MiniLM-L6-v2 --gpus-per-member 0.5` — encoders and "
    "word vectors by turns, two trainings a GPU  \n"
    "`python -m jobs.ensemble --out s3://bucket/results --data s3://bucket/data`"
)
def ensemble(
    plan: Annotated[
        str,
        typer.Option(
            help="**seeds**: one recipe, other seeds. **bootstrap**: each on its own bootstrap "
            "sample of train. **diverse**: other dimensions, losses, pools, layers and samples."
        ),
    ] = "diverse",
    members: Annotated[int, typer.Option(min=2, help="How many models are trained.")] = 5,
    taxonomy: Taxonomy = None,
    corpus: Corpus = None,
    scheme: Annotated[
        str,
        typer.Option(
            help="How every member is stored: float, int8, int4, … (`jobs.compress --list` names "
            "all)."
        ),
    ] = "int8",
    combine: Annotated[
        list[str] | None,
        typer.Option(
            help="**mean** of logits and of probabilities, **weights** fitted on dev, **greedy** "
            "selection with replacement, or **all**; repeatable.  [default: all]"
        ),
    ] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            help="Fine-tune this encoder: a folder, or a model id of the Hugging Face hub with "
            "safetensors; repeatable. In the plan diverse by turns with word vectors. Needs the "
            "extra `bert`.  [default: word vectors alone]"
        ),
    ] = None,
    epochs: Epochs = None,
    max_tokens: TextTokens = None,
    cpus_per_member: Annotated[
        float, typer.Option(help="CPUs that one training holds; decides how many run at once.")
    ] = 1.0,
    gpus_per_member: Annotated[
        float | None,
        typer.Option(
            help="GPUs, or a share of one, that the training of an encoder holds.  [default: 1 "
            "where the cluster has GPUs]"
        ),
    ] = None,
    data: DataAndVectors = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: ensemble-PLANMEMBERS-TAXONOMY]",
        ),
    ] = None,
    store: Store = None,
    address: Address = None,
    cpus: Cpus = None,
    insecure: Insecure = False,
    download: Download = True,
    keep_texts: KeepTexts = None,
    debug: Debug = False,
) -> None:
    """Train several models in parallel and let them answer as one.

    Leaves the tables of a sweep, `members.parquet` with weights and diversity, artifacts that hold
    all members in one folder, and a report with F1 against the number of members. Members are
    weighed and chosen on dev; test is scored once.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.distributed.connection import Cluster
        from emoray.storage.location import place_of
        from emoray.workflows.ensemble import Ensemble, run_ensemble

        run_ensemble(
            Ensemble(
                plan=plan,
                members=members,
                taxonomy=taxonomy,
                corpus=bring_or_none(corpus),
                scheme=scheme,
                combine=tuple(combine or ("all",)),
                encoders=tuple(encoder or ()),
                epochs=epochs,
                max_tokens=max_tokens,
                cpus_per_member=cpus_per_member,
                gpus_per_member=gpus_per_member,
                data=place_of(data) if data else None,
                out=place_of(out),
                run=name,
                store=place_of(store) if store else None,
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                download=download,
                keep_texts=keep_texts,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
