from emoray.quant.importance import usual_importance


def test_only_an_encoders_layers_differ_in_importance() -> None:
    found = usual_importance(["embedding", "layer3.query", "layer11.outer", "pool0.query", "head"])
    assert found["layer3.query"] < 1 < found["layer11.outer"]
    assert {found[name] for name in ("embedding", "pool0.query", "head")} == {1.0}
