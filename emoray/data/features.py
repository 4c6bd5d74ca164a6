"""Features of a corpus: a matrix for each split, beside the files that hold texts and labels.

`features.json` says how many a row has (`width`), and their names (`names`) where each had a column
of its own, or the name of the one column (`column`) that held them as lists. `train.npy`, `dev.npy`
and `test.npy` are float32 (N, F), a row for each line of the split's `.tsv`, whose text names it.
Shapes: N rows, F features.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

FILE = "features.json"
MATRICES = ("train.npy", "dev.npy", "test.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureNames:
    """How many features a row has, and what they are called.

    Attributes:
        width: F.
        column: that holds the rows as lists; empty where each feature has a column of its own.
        names: of those columns, in order.
    """

    width: int
    column: str = ""
    names: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The content of `features.json`; of an artifact's `tokenizer.json` all but its kind."""
        if self.column:
            return {"width": self.width, "column": self.column}
        return {"width": self.width, "names": list(self.names)}

    @classmethod
    def read(cls, folder: Path) -> "FeatureNames | None":
        """Those of a corpus; None for one of texts."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            found = json.loads(path.read_bytes())
            width, names = int(found["width"]), tuple(map(str, found.get("names", ())))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"{path} says how many features a row has, got {path.read_bytes()[:60]!r}: write "
                '{"width": 64, "column": "vector"}, or import the corpus again'
            ) from None
        return cls(width=width, column=str(found.get("column", "")), names=names)

    def named(self, f: int) -> str:
        """How feature f is called in an error."""
        return repr(self.names[f]) if self.names else f"{f} (counted from 0) of {self.column!r}"


def feature_files(folder: Path) -> dict[str, bytes]:
    """The files that hold a corpus' features, by name; none of a corpus of texts."""
    if not (folder / FILE).is_file():
        return {}
    missing = [name for name in MATRICES if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"a corpus of features holds {', '.join(MATRICES)}, got {folder} without "
            f"{', '.join(missing)}: import it again"
        )
    return {name: (folder / name).read_bytes() for name in (FILE, *MATRICES)}


def feature_contents(
    names: FeatureNames, rows_NF: np.ndarray, rows: Mapping[str, Sequence[int]]
) -> dict[str, bytes]:
    """The files of a corpus' features, by name.

    Args:
        names: of the features.
        rows_NF: of all rows.
        rows: which make up each split, in order.

    Returns:
        Content by name.
    """
    found = {FILE: f"{json.dumps(names.to_json(), ensure_ascii=False)}\n".encode()}
    for split, chosen in rows.items():
        written = BytesIO()
        np.save(written, np.asarray(rows_NF[list(chosen)], np.float32), allow_pickle=False)
        found[f"{split}.npy"] = written.getvalue()
    return found


def checked_features(rows_NF: np.ndarray, names: FeatureNames, where: str) -> np.ndarray:
    """Return rows_NF, float32; refuse numbers that are not finite.

    Args:
        rows_NF: any numbers.
        names: of the features.
        where: they stand, for the error.

    Raises:
        ValueError: for NaN, infinity and what float32 cannot hold.
    """
    with np.errstate(over="ignore"):  # beyond float32 is Inf, and refused
        found_NF = np.asarray(rows_NF, np.float32)
    finite_NF = np.isfinite(found_NF)
    if not finite_NF.all():
        n, f = np.argwhere(~finite_NF)[0]
        rows = int((~finite_NF.all(axis=1)).sum())
        raise ValueError(
            f"features are finite numbers, got {rows_NF[n, f]} for feature {names.named(int(f))} "
            f"in row {n + 1:,} of {where} ({rows:,} such rows): fill in what is missing, or leave "
            "these rows out"
        )
    return found_NF


def features_of(raw: dict[str, bytes], split: str, rows: int, folder: Path) -> np.ndarray | None:
    """The rows of one split from `feature_files`, checked; None of a corpus of texts.

    Args:
        raw: files by name.
        split: of the corpus.
        rows: lines of the split.
        folder: of the corpus.

    Returns:
        Rows in the order of the lines, float32.

    Raises:
        ValueError: the file does not hold such rows.
    """
    if FILE not in raw:
        return None
    names, path = FeatureNames.read(folder), folder / f"{split}.npy"
    assert names is not None
    try:
        rows_NF = np.load(BytesIO(raw[path.name]), allow_pickle=False)
    except (ValueError, EOFError):
        raise ValueError(f"{path} is a NumPy array, got other bytes: import it again") from None
    if rows_NF.shape != (rows, names.width) or rows_NF.dtype.kind not in "biuf":
        raise ValueError(
            f"{path} holds {names.width} numbers for each of {rows:,} lines of {split}.tsv, got "
            f"{rows_NF.dtype} {rows_NF.shape}: import the corpus again"
        )
    return checked_features(rows_NF, names, str(path))


def row_bytes(folder: Path, split: str) -> list[bytes]:
    """Each row of a split as bytes: equal for equal rows."""
    return [row_F.tobytes() for row_F in np.load(folder / f"{split}.npy", allow_pickle=False)]


def seen_rows(test_NF: np.ndarray, train_NF: np.ndarray) -> np.ndarray:
    """True for each row of test that stands in train, number for number."""
    seen = {row_F.tobytes() for row_F in train_NF}
    return np.array([row_F.tobytes() in seen for row_F in test_NF], dtype=bool)
