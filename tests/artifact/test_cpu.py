from pathlib import Path

from emoray.artifact.cpu import cpu


def test_linux_names_the_processor_and_its_instruction_sets(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor : 0\nmodel name : Some CPU @ 2 GHz\nflags : fpu avx2 avx512_vnni\n\n"
    )
    assert cpu(info).model == "Some CPU @ 2 GHz"
    assert cpu(info).instruction_sets == "avx2 avx512_vnni"


def test_the_features_of_an_arm_processor_are_its_instruction_sets(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nFeatures : fp asimd asimddp\n")
    assert cpu(info).instruction_sets == "asimd asimddp"


def test_elsewhere_the_platform_is_asked(tmp_path: Path) -> None:
    found = cpu(tmp_path / "none")
    assert found.model and found.instruction_sets == ""
