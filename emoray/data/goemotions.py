"""Locate the default corpus: a given folder, the cache, the official download, the sample."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from emoray.data.corpus import SPLITS
from emoray.data.download import DownloadError, DownloadLimits, fetch
from emoray.storage.cache import user_cache

GOEMOTIONS_URL = (
    "https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data/"
)
GOEMOTIONS_SHA256 = {
    "train.tsv": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    "dev.tsv": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    "test.tsv": "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
}
SAMPLE = "sample"  # the corpus that is always at hand, by this name too
GOEMOTIONS_LIMITS = DownloadLimits(max_bytes=8 << 20, first_byte_s=8.0, total_s=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFolder:
    """A folder with the three splits, the name of its corpus, and why it was chosen.

    Attributes:
        name: what tables call the corpus.
        folder: that holds the splits.
        why: the reason, for people.
        notes: on how an imported corpus was read.
        stands_in: whether it is the sample because another was not found.
    """

    name: str
    folder: Path
    why: str
    notes: tuple[str, ...] = ()
    stands_in: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


def _given(data: Path) -> CorpusFolder:
    folder = data / "goemotions"
    missing = [f"{split}.tsv" for split in SPLITS if not (folder / f"{split}.tsv").is_file()]
    if missing:
        raise ValueError(
            f"the data folder must hold goemotions/train.tsv, dev.tsv and test.tsv, got {data} "
            f"without {', '.join(missing)}: correct --data or EMORAY_DATA, or leave both out"
        )
    return CorpusFolder(name="goemotions", folder=folder, why=f"from {folder}")


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _official(
    folder: Path, base_url: str, sha256: dict[str, str], limits: DownloadLimits
) -> CorpusFolder:
    for name, digest in sha256.items():
        if not _is_whole(folder / name, digest):
            fetch(f"{base_url}{name}", folder / name, sha256=digest, limits=limits)
    return CorpusFolder(name="goemotions", folder=folder, why=f"downloaded from {base_url}")


def sample() -> CorpusFolder:
    """The small corpus that ships with emoray."""
    folder = Path(str(files("emoray.data").joinpath("sample")))
    return CorpusFolder(name=SAMPLE, folder=folder, why="the embedded sample, as asked for")


def locate(
    data: Path | None,
    *,
    cache: Path | None = None,
    download: bool = True,
    base_url: str = GOEMOTIONS_URL,
    sha256: dict[str, str] = GOEMOTIONS_SHA256,
    limits: DownloadLimits = GOEMOTIONS_LIMITS,
) -> CorpusFolder:
    """Locate GoEmotions, or the sample where it cannot be had.

    A given folder must be right; everything else falls back to the sample, and `why` gives the
    reason. `base_url`, `sha256` and `limits` describe the official files: change them for a mirror
    only.

    Args:
        data: the folder with `goemotions/`, or None.
        cache: where a download is kept; the user's cache by default.
        download: whether the official files may be downloaded.
        base_url: of the official files.
        sha256: of each official file by name.
        limits: of time and size, per file.

    Returns:
        The folder, and why it was chosen.
    """
    if data is not None:
        return _given(data)
    folder = (cache if cache is not None else user_cache()) / "goemotions"
    try:
        if all(_is_whole(folder / name, digest) for name, digest in sha256.items()):
            return CorpusFolder(name="goemotions", folder=folder, why=f"from the cache {folder}")
        if download:
            return _official(folder, base_url, sha256, limits)
        failed = f"no GoEmotions in {folder} and downloads are off"
    except (DownloadError, OSError) as error:
        failed = f"GoEmotions could not be had: {error}"
    why = f"THE EMBEDDED SAMPLE INSTEAD OF GOEMOTIONS, because {failed}"
    return CorpusFolder(name=SAMPLE, folder=sample().folder, why=why, stands_in=True)
