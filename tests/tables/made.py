"""A made run: plausible rows of every table, written as a sweep writes them. Nothing is trained."""

import json
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa

from emoray.storage.location import Place
from emoray.tables.compact import compact, merging
from emoray.tables.files import read_table, write_table
from emoray.tables.folders import CLASSES
from emoray.tables.front import on_front
from emoray.tables.parts import row_class_of, table_path, write_part
from emoray.tables.point_rows import MeasuredPointRow, RunPointRow
from emoray.tables.rows import TABLES

LABELS = {
    "goemotions": tuple(
        "admiration amusement anger annoyance approval caring confusion curiosity desire "
        "disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love "
        "nervousness optimism pride realization relief remorse sadness surprise neutral".split()
    ),
    "ekman": ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral"),
    "sentiment": ("positive", "negative", "ambiguous", "neutral"),
}
RULES = {"fixed0.5": -0.09, "one": -0.02, "per_label": 0.0, "per_label_s20": 0.004}
LOSS_OF_BITS = {32: 0.0, 8: 0.001, 6: 0.003, 4: 0.008, 3: 0.03, 2: 0.12}
LAST = (  # what a sweep finds out of its points when their tables are merged
    *("artifact", "nearest_front", "nearest_front_change", "nearest_front_low"),
    *("nearest_front_high", "distinguishable"),
)
BASE = {"goemotions": 0.44, "ekman": 0.57, "sentiment": 0.66}
TENSORS = {"embedding": "8000x50", "dense0": "250x128", "head": "128x28"}


def blanks(row_class: type) -> dict[str, Any]:
    """A harmless value for every column."""
    lists: dict[Any, Any] = {list[int]: [1, 2], list[np.uint8]: [0, 1], list[np.float32]: [0.5, 1]}
    blank = {str: "x", int: 1, float: 0.5, bool: False, **lists}
    hints = get_type_hints(row_class)
    found = {f.name: blank.get(hints[f.name]) for f in fields(row_class)}
    return found | ({"derived_from": ""} if issubclass(row_class, RunPointRow) else {})


def row(row_class: type, **columns: Any) -> Any:
    """A row with harmless values where none are given."""
    assert set(columns) <= {f.name for f in fields(row_class)}
    return row_class(**(blanks(row_class) | columns))


def measured(points: pd.DataFrame) -> dict[str, Any]:
    """What a stage would have written of points, blank where they do not say it."""
    known = blanks(MeasuredPointRow)
    return known | {name: points[name] for name in points.columns if name in known}


def schemes(bits: tuple[int, ...] = (32, 8, 6, 4, 3, 2)) -> pd.DataFrame:
    rows = []
    for width in bits:
        kinds = (("tensor", "minmax"), ("channel", "p99.9"), ("group32", "error"))
        for grain, ranges in kinds if width < 32 else (("none", "none"),):
            scheme = "float32" if width == 32 else f"int{width}-sym-{grain}-{ranges}"
            rows.append(
                {
                    "scheme": f"{scheme}/{scheme}/dynamic" if width < 32 else scheme,
                    "embedding_scheme": scheme,
                    "bits": width,
                    "embedding_bits": width,
                    "symmetric": True,
                    "grain": grain,
                    "ranges": ranges,
                    "activations": "dynamic" if width == 8 else "weight_only",
                    "training": "none" if width == 32 else "ptq",
                    "execution": {32: "float", 8: "integer", 4: "4-bit kernels"}.get(
                        width, "dequantized"
                    ),
                    "loss_of_scheme": LOSS_OF_BITS[width] * (1.6 if grain == "tensor" else 1.0),
                }
            )
    return pd.DataFrame(rows)


def trainings(taxonomies: tuple[str, ...], seeds: int, dims: tuple[int, ...]) -> pd.DataFrame:
    rows = [
        {"taxonomy": t, "embedding_dim": d, "layers": n, "seed": s, "recipe": f"{t}-glove{d}-l{n}"}
        for t, d, n, s in product(taxonomies, dims, range(5), range(seeds))
    ]
    frame = pd.DataFrame(rows)
    frame["training_id"] = frame["recipe"] + "-s" + frame["seed"].astype(str)
    return frame


def points(
    run: str,
    *,
    taxonomies: tuple[str, ...] = ("ekman",),
    seeds: int = 3,
    dims: tuple[int, ...] = (25, 50, 100),
    bits: tuple[int, ...] = (32, 8, 6, 4, 3, 2),
    temperatures: int = 2,
) -> pd.DataFrame:
    """All points of a made run, columns of `PointRow`."""
    rng = np.random.default_rng(0)
    told = trainings(taxonomies, seeds, dims).merge(schemes(bits), how="cross")
    told["model"] = told["training_id"] + "-" + told["scheme"].str.replace("/", "+")
    told["quality"] = (
        told["taxonomy"].map(BASE)
        + 0.02 * np.log2(told["embedding_dim"] / 50)
        + 0.012 * np.minimum(told["layers"], 2)
        - 0.01 * np.maximum(told["layers"] - 2, 0)
        - told["loss_of_scheme"]
        + rng.normal(scale=0.004, size=len(told))
    )
    told["own_bytes"] = np.random.default_rng(4).integers(0, 900, len(told))  # its decisions' too
    rules = pd.DataFrame({"threshold_rule": list(RULES), "gain_of_rule": list(RULES.values())})
    steps = pd.DataFrame({"step": range(temperatures)})
    frame = told.merge(rules, how="cross").merge(steps, how="cross")
    n = len(frame)
    fitted = frame["step"] == 0
    frame["temperature_rule"] = np.where(fitted, "fitted", "fixed")
    frame["temperature"] = np.where(fitted, 1.13, 0.5 + 0.25 * frame["step"])
    score = frame["quality"] + frame["gain_of_rule"] - 0.002 * frame["step"]
    frame["dev_macro_f1"] = score
    frame["test_macro_f1"] = score - 0.006 + rng.normal(scale=0.003, size=n)
    words = 8000
    frame["embedding_bytes"] = (words * frame["embedding_dim"] * frame["embedding_bits"]) // 8
    dense = 250 * 128 + np.maximum(frame["layers"], 1) * 128 * 128
    frame["size_bytes"] = (
        frame["embedding_bytes"] + dense * frame["bits"] // 8 + 64_000 + frame["own_bytes"]
    )
    parts = (frame["model"], frame["threshold_rule"], "t" + frame["temperature"].map("{:g}".format))
    frame["point"] = parts[0] + "-" + parts[1] + "-" + parts[2]
    constant = {
        "run": run,
        "corpus": "goemotions",
        "family": "glove",
        "models": 1,
        "vectors": "glove.6B.100d",
        "vocabulary": words,
        "hidden_units": 128,
        "pooling": "mean+max+attention",
        "trainable_vectors": True,
        "loss": "bce",
        "shots": 0,
        "calibrated_on": "dev",
        "changed_pieces_share": 0.0,
        "truncated_share": 0.0,
        "quantized_bytes_share": 0.9,
        "integer_products_share": 0.8,
        "parameters": 8000 * 50 + 70_000,
        "latency_p50_ms": None,
        "latency_p95_ms": None,
        "model_p50_ms": None,
        "artifact_sha256": "0" * 64,
        "on_front": False,
        "batch_flips_share": 0.001,
        "nearest_front": "",
        "nearest_front_change": None,
        "nearest_front_low": None,
        "nearest_front_high": None,
        "distinguishable": None,
        "derived_from": "",
        "test_contradictions_share": None,
    }
    frame = frame.assign(
        test_macro_f1_low=frame["test_macro_f1"] - 0.011,
        test_macro_f1_high=frame["test_macro_f1"] + 0.010,
        test_macro_f1_unleaked=frame["test_macro_f1"] - 0.001,
        test_micro_f1=score + 0.06,
        test_precision=score - 0.02,
        test_recall=score + 0.03,
        dev_micro_f1=score + 0.065,
        dev_ece=np.where(fitted, 0.010, 0.05),
        dev_nll=0.155,
        test_ece=np.where(fitted, 0.012, 0.05),
        test_brier=0.05,
        test_nll=0.16,
        artifact="artifacts/" + frame["model"],
        **constant,
    )
    return frame.drop(columns=["quality", "gain_of_rule", "loss_of_scheme", "own_bytes", "step"])


def _labels(frame: pd.DataFrame) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    some = frame[frame["threshold_rule"] != "fixed0.5"]
    some = some[some["temperature_rule"] == "fitted"]
    names = pd.DataFrame(
        [
            {"taxonomy": t, "label": name, "rank": k}
            for t, labels in LABELS.items()
            for k, name in enumerate(labels)
        ]
    )
    long = some[["point", "taxonomy", "test_macro_f1"]].merge(names, on="taxonomy")
    f1 = np.clip(long["test_macro_f1"] + rng.normal(scale=0.15, size=len(long)), 0, 0.95)
    return {
        "point": long["point"].to_numpy(object),
        "label": long["label"].to_numpy(object),
        "precision": np.clip(f1 - 0.03, 0, 1),
        "recall": np.clip(f1 + 0.03, 0, 1),
        "f1": f1,
        "average_precision": np.clip(f1 + 0.02, 0, 1),
        "support": (1800 / (1 + long["rank"])).astype(int),
        "threshold": np.clip(rng.normal(0.3, 0.1, len(long)), 0.02, 0.9),
        "cut": rng.normal(-0.8, 0.3, len(long)),
        "ece": 0.01,
    }


def _layers(models: pd.DataFrame) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    rows = []
    shapes = {}
    for tensor, scale, heavy in (("embedding", 0.4, 5), ("dense0", 0.08, 12), ("head", 0.2, 30)):
        values = scale * rng.standard_t(heavy, size=20_000)
        shapes[tensor] = (values, np.histogram(values, bins=64)[0].tolist())
    for model in models.itertuples():
        for tensor, (values, counts) in shapes.items():
            low, high = float(values.min()), float(values.max())
            share = 1.0 if model.ranges in ("minmax", "none") else 0.25 + 0.06 * model.bits
            rows.append(
                {
                    "model": model.model,
                    "layer": tensor,
                    "shape": TENSORS[tensor],
                    "scheme": model.embedding_scheme,
                    "bits": model.bits,
                    "alpha": low * share,
                    "beta": high * share,
                    "scale": (high - low) * share / 2**model.bits,
                    "zero_point": 0.0,
                    "slices": 1,
                    "kurtosis": 3.2,
                    "share_clipped": float(
                        ((values < low * share) | (values > high * share)).mean()
                    ),
                    "sqnr_db": 999.0 if model.bits == 32 else 6.02 * model.bits - 8,
                    "bytes_before": 1_600_000,
                    "bytes_after": 1_600_000 * model.bits // 32,
                    "execution": model.execution,
                    "why": "",
                    "low": low,
                    "high": high,
                    "histogram": counts,
                }
            )
    return {name: [r[name] for r in rows] for name in rows[0]}


def _surface(models: pd.DataFrame) -> dict[str, Any]:
    temperatures, thresholds = np.geomspace(0.25, 4, 15), np.linspace(0.05, 0.95, 19)
    grid = pd.DataFrame(
        list(product(temperatures, thresholds)), columns=["temperature", "threshold"]
    )
    long = models[["model", "test_macro_f1"]].merge(grid, how="cross")
    cut = long["temperature"] * np.log(long["threshold"] / (1 - long["threshold"]))
    f1 = long["test_macro_f1"] * np.exp(-(((cut + 1.0) / 2.2) ** 2))
    return {
        "model": long["model"].to_numpy(object),
        "temperature": long["temperature"].to_numpy(),
        "threshold": long["threshold"].to_numpy(),
        "dev_macro_f1": f1.to_numpy() + 0.006,
        "test_macro_f1": f1.to_numpy(),
    }


def _reliability(models: pd.DataFrame) -> dict[str, Any]:
    edges = np.linspace(0, 1, 16)
    bins = pd.DataFrame({"bin_low": edges[:-1], "bin_high": edges[1:]})
    sharpness = pd.DataFrame({"temperature": [1.0, 1.13]})
    long = models[["model"]].merge(sharpness, how="cross").merge(bins, how="cross")
    middle = (long["bin_low"] + long["bin_high"]) / 2
    off = np.where(long["temperature"] == 1.0, 0.12, 0.02)
    return {
        **{c: long[c].to_numpy() for c in ("temperature", "bin_low", "bin_high")},
        "model": long["model"].to_numpy(object),
        "decisions": (30_000 * np.exp(-6 * middle)).astype(int).to_numpy(),
        "probability": middle.to_numpy(),
        "observed": (middle - off * middle).to_numpy(),
    }


def _epochs(frame: pd.DataFrame) -> dict[str, Any]:
    told = frame.drop_duplicates("training_id")[["training_id", "recipe", "taxonomy", "seed"]]
    long = told.merge(pd.DataFrame({"epoch": range(1, 13)}), how="cross")
    epoch = long["epoch"].to_numpy()
    rise = long["taxonomy"].map(BASE).to_numpy() * (1 - np.exp(-epoch / 2.5))
    return {
        **{c: long[c].to_numpy(object) for c in ("training_id", "recipe", "taxonomy")},
        "seed": long["seed"].to_numpy(),
        "epoch": epoch,
        "train_loss": 0.1 + 0.3 * np.exp(-epoch / 4),
        "dev_loss": 0.16 + 0.2 * np.exp(-epoch / 2) + 0.002 * epoch,
        "dev_macro_f1": rise + 0.004 * (long["seed"].to_numpy() - 1),
        "kept": epoch == 10,
        "wall_seconds": 1.5,
        "cpu_seconds": 2.5,
    }


def _latency(models: list[str]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    turns = 200
    speeds = {"baseline": 0.11, **{m: 0.03 + 0.02 * (k % 4) for k, m in enumerate(models)}}
    n = turns * len(speeds)
    whole = np.repeat(list(speeds.values()), turns) * rng.lognormal(0, 0.2, n)
    return {
        "model": np.repeat(np.array(list(speeds), object), turns),
        "beside": np.repeat(np.array(list(speeds), object), turns),
        "turn": np.tile(np.arange(turns), len(speeds)),
        "text": np.tile(np.arange(turns), len(speeds)),
        "tokens": rng.integers(2, 34, n),
        "milliseconds": whole,
        "model_milliseconds": 0.6 * whole,
        "threads": 1,
        "cpu": "a made processor",
        "instruction_sets": "avx2 avx512_vnni",
    }


def run_row(run: str, points: int, *, corpus: str = "goemotions") -> dict[str, Any]:
    texts = {"train_texts": 43_410, "dev_texts": 5_426, "test_texts": 5_427, "leaked_texts": 37}
    return {
        "run": run,
        "command": "python -m jobs.sweep --space quick",
        "search": "grid",
        "space_form": "",
        "space": "quick",
        "started": "2025-03-01T10:00:00+00:00",
        "finished": "2025-03-01T10:04:40+00:00",
        "wall_seconds": 280.0,
        "search_seconds": 231.0,
        "stage_cpu_seconds": 402.0,
        "stage_wall_seconds": 371.0,
        "cpu_seconds": 410.0,
        "stages_run": 400,
        "stages_cached": 12,
        "stages_failed": 0,
        "trials": 15,
        "points": points,
        "taxonomy": "ekman",
        "labels": json.dumps(LABELS["ekman"]),
        "corpus": corpus,
        "corpus_sha256": "1" * 64,
        **texts,
        "vectors_sha256": "2" * 64,
        "cpu": "a made processor",
        "instruction_sets": "avx2 avx512_vnni",
        "cores": 2,
        "threads": 1,
        "memory_bytes": 8 * 2**30,
        "platform": "Linux 6.1 x86_64",
        "versions": "python 3.11.9, ray 2.55.0, onnxruntime 1.23.0",
        "git_commit": "",
        "git_dirty": False,
    }


def make_run(
    folder: Path,
    *,
    only: tuple[str, ...] = (),
    corpus: str = "goemotions",
    parts: int = 3,
    **space: Any,
) -> pd.DataFrame:
    """Write the parts of a made run and return its points; `only` these tables, if given."""
    frame = points(folder.name, **space).assign(corpus=corpus)
    models = frame[frame["temperature_rule"] == "fitted"]
    models = models[models["threshold_rule"] == "per_label"]
    tables = {
        "labels": lambda: _labels(frame),
        "layers": lambda: _layers(models),
        "surface": lambda: _surface(models),
        "reliability": lambda: _reliability(models),
        "trainings": lambda: _epochs(frame),
        "latency": lambda: _latency(list(frame.loc[on_front(frame), "model"].unique())),
        "runs": lambda: run_row(folder.name, len(frame), corpus=corpus),
    }
    for k in range(parts):
        piece = frame.iloc[k::parts]
        write_part(measured(piece), folder, "points", f"trial-{k}")
    for name, build in tables.items():
        if not only or name in only:
            write_part(blanks(TABLES[name]) | build(), folder, name, "trial-0")
    return frame


def finish(folder: Path, points: pd.DataFrame) -> None:
    """Merge the parts of a made run; of its points `points` says what a sweep finds out last."""
    told = points.set_index("point")
    with merging(folder) as (_, merged):
        names = merged.frame(["point"])["point"]
        merged.write({name: told.loc[names, name].to_list() for name in LAST if name in told})


def make_whole_run(folder: Path) -> Path:
    """A small made run, merged, with rows in every table that any job writes, and a null and a
    value in every column that may hold nulls."""
    make_run(folder, seeds=1, dims=(25,), bits=(32, 8), temperatures=1, parts=1)
    compact(folder)
    for name, row_class in CLASSES.items():
        path = folder / f"{name}.parquet"
        rows = read_table(path, row_class).to_pylist() if path.is_file() else []
        rows = rows or [blanks(row_class), blanks(row_class)]
        rows[0] |= _nullable(row_class)
        rows[-1] |= dict.fromkeys(_nullable(row_class))
        write_table([row_class(**row) for row in rows], path, row_class)
    return folder


def _nullable(row_class: type) -> dict[str, Any]:
    """A value for each column that may hold nulls."""
    values = {str: "x", int: 1, float: 0.5, bool: True}
    return {
        name: values[get_args(hint)[0]]
        for name, hint in get_type_hints(row_class).items()
        if type(None) in get_args(hint)
    }


def run_table(run_folder: Place, table: str) -> pa.Table:
    """The merged table of a run."""
    return read_table(table_path(run_folder, table), row_class_of(table))
