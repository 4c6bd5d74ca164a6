"""A grid in which one training takes all memory, on a Ray whose monitor ends what does.

A program of its own: a process can be driver of one Ray only. `python -m tests.faults.hogging OUT`
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import ray

from emoray.search import tune
from emoray.storage.store.keys import key_of
from emoray.tables.files import read_table
from emoray.tables.parts import part_files
from emoray.tables.rows import FailureRow
from tests.faults.made_models import desk_at, space_of
from tests.faults.placed import short_of_memory

RECIPES, SCHEMES, SECONDS, HOG = 5, 2, 0.4, 1


def main(out: Path) -> None:
    short_of_memory()
    with desk_at(out, seconds=SECONDS, hog=HOG) as (context, log):
        assert isinstance(context.run_folder, Path)
        decided = tune.search_grid(space_of(RECIPES, SCHEMES), context)
        failures = [
            row
            for path in part_files(context.run_folder, "failures")
            for row in read_table(path, FailureRow).to_pylist()
        ]
        (hogs := log.with_name("hogs")).touch()
        trainings = {key_of(d.compressed.trained): d.compressed.trained for d in decided}
        said = {
            "models": sorted(context.written("points")),
            "wanted": sorted(key_of(d) for d in decided if d.compressed.trained.recipe.seed != HOG),
            "failures": failures,
            "hog": next(key for key, each in trainings.items() if each.recipe.seed == HOG),
            "held": [json.loads(line)["CPU"] for line in hogs.read_text().splitlines()],
            "status": asdict(context.stages.status()),
        }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
