import platform

from emoray.trial.provenance import LIBRARIES, provenance


def test_a_run_names_its_processor_and_every_library() -> None:
    found = provenance()
    assert found.cpu and isinstance(found.git_dirty, bool)
    assert found.versions.startswith(f"python {platform.python_version()}, ")
    for library in LIBRARIES:
        assert f"{library} " in found.versions
