import importlib.util

import pytest

from emoray.models.encoder.extra import require_bert


def test_what_is_missing_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_bert()
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "emoray.models.encoder.extra.find_spec",
        lambda name: None if name == "torch" else real(name),
    )
    with pytest.raises(ValueError, match=r"got no torch: pip install 'emoray\[bert\]'"):
        require_bert()
