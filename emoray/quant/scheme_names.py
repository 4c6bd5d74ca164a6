"""Short names of the catalogue's schemes: int8, int4-group, adaptive4, qat3."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace

from emoray.quant.catalogue import bert_schemes, quick_bert_schemes
from emoray.quant.granularity import PerGroup
from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.pruning import Heal, Prune
from emoray.quant.ranges import BestOf, LeastError, MinMax
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static, WeightOnly

FLOAT_NAME = "float"
PRUNED = re.compile(r"prune\((?P<shares>[^)]*)\)\+(?P<rest>.+?)(?:~heal(?P<heal>\d.*))?")
HEALED = re.compile(r"(?P<epochs>\d+)(?:-x(?P<rate>[\d.e-]+))?")


def _grain(scheme: QuantScheme) -> str:
    return f"-group{scheme.grain.size}" if isinstance(scheme.grain, PerGroup) else ""


def _embedding(dense: QuantScheme | None, table: QuantScheme | None) -> str:
    """The part of the name in which the embedding differs from the products."""
    if table is None:
        return "-embfloat" if dense else ""
    if dense is None:
        return f"-emb{table.bits}"
    grouped = isinstance(dense.grain, PerGroup)
    if table.bits == dense.bits and (grouped or not isinstance(table.grain, PerGroup)):
        return ""
    return f"-emb{table.bits}{'' if grouped else _grain(table)}"


def _activations(scheme: ModelScheme) -> str:
    bits = scheme.dense.bits if scheme.dense else 32
    match scheme.activations:
        case WeightOnly():
            return "-weights" if bits == 8 else ""
        case Dynamic():
            return "" if bits == 8 else "-dynamic"
        case Static(ranges=ranges, symmetric=symmetric):
            text = "-static" if isinstance(ranges, BestOf) else f"-static-{ranges}"
            return f"{text}-sym" if symmetric else text


def alias(scheme: Scheme) -> str:
    """Build a short name: the products' bits, then what differs from the default at these bits.

    Defaults are, at 8 bits, dynamic activations and min/max ranges; below, weights only and ranges
    of least error, affine under 4 bits; one scale a channel.

    Returns:
        A name such as `int8`, `int4-group-emb3` or `prune(ffn=0.5)+int8~heal1`.
    """
    if (prune := scheme.prune) is not None:
        return f"{prune}+{alias(replace(scheme, prune=None))}{prune.healing}"
    if isinstance(scheme, Adaptive):
        text = f"adaptive{scheme.bits:g}"
        text += "-group" if isinstance(scheme.dense, PerGroup) else ""
        return text + ("-dynamic" if isinstance(scheme.activations, Dynamic) else "")
    if not scheme.quantized:
        return FLOAT_NAME if scheme.qat is None else f"{FLOAT_NAME}-{scheme.qat.in_float}"
    dense = scheme.dense
    text = "qat" if scheme.qat else "int"
    text += str(dense.bits) if dense else "float"
    if dense and isinstance(dense.grain, PerGroup):
        text += "-group" if dense.grain.size == 32 else f"-group{dense.grain.size}"
    text += _embedding(dense, scheme.embedding) + _activations(scheme)
    if dense and _embedding(dense, scheme.embedding) == "":
        whole = isinstance(scheme.activations, WeightOnly) and dense.bits < 8
        usual = isinstance(dense.ranges, LeastError if whole else MinMax)
        text += "" if usual else f"-{dense.ranges}"
    return text


def named_schemes() -> dict[str, Scheme]:
    """Every scheme of the catalogue by its short name, with its ranges where two would be equal."""
    found: dict[str, Scheme] = {}
    for text, scheme in bert_schemes().items():
        name = alias(scheme)
        if name in found and isinstance(scheme, ModelScheme) and scheme.dense:
            name = f"{name}-{scheme.dense.ranges}"
        found[text if name in found else name] = scheme
    return found


def _share(text: str) -> tuple[str, float]:
    """One `name=number` of a pruning."""
    known = {f.name: f.type for f in fields(Prune) if f.name != "heal"}
    name, _, number = (part.strip() for part in text.partition("="))
    try:
        if name in known:
            return name, int(number) if known[name] is int else float(number)
    except ValueError:
        pass
    raise ValueError(
        f"a pruning names shares of {', '.join(known)}, got {text.strip()!r}: write "
        "prune(heads=0.33,ffn=0.5)+int8"
    )


def pruned_scheme(name: str, known: Callable[[str], Scheme | None]) -> Scheme | None:
    """The scheme of a name such as `prune(heads=0.33,ffn=0.5)+int8~heal1`.

    Args:
        name: what was typed.
        known: the scheme of a name without pruning, None for an unknown one.

    Returns:
        The scheme; None for a name without pruning, or of an unknown scheme. ValueError for shares
        that cannot be.
    """
    found = PRUNED.fullmatch(name)
    if found is None or (scheme := known(found["rest"])) is None:
        return None
    heal = None
    if found["heal"] is not None:
        if (said := HEALED.fullmatch(found["heal"])) is None:
            return None
        rate = {} if said["rate"] is None else {"rate": float(said["rate"])}
        heal = Heal(epochs=int(said["epochs"]), **rate)
    shares = dict(_share(part) for part in found["shares"].split(","))
    return replace(scheme, prune=Prune(**shares, heal=heal))  # type: ignore[arg-type]


def _is_trained(scheme: Scheme) -> bool:
    return (isinstance(scheme, ModelScheme) and scheme.qat is not None) or (
        scheme.prune is not None and scheme.prune.heal is not None
    )


def usual() -> dict[str, Scheme]:
    """The default schemes: the quick ones without QAT."""
    quick = set(quick_bert_schemes())
    return {n: s for n, s in named_schemes().items() if str(s) in quick and not _is_trained(s)}


def pick(names: Sequence[str], *, every: bool = False) -> dict[str, Scheme]:
    """The schemes of these names, short or whole; `every` for all, no names for the defaults."""
    known = named_schemes()
    if every:
        return known
    if not names:
        return usual()
    by_text = {str(scheme): name for name, scheme in known.items()}
    found: dict[str, Scheme] = {}
    unknown = []
    for name in (by_text.get(name, name) for name in names):
        scheme = known.get(name) or pruned_scheme(name, known.get)
        if scheme is None:
            unknown.append(name)
        else:
            found[alias(scheme) if scheme.prune else name] = scheme
    if unknown:
        raise ValueError(
            f"a scheme is one that --list names, such as {', '.join(list(usual())[1:5])}, or one "
            f"of these behind prune(heads=0.33,ffn=0.5)+, got {', '.join(map(repr, unknown))}: "
            "pick one of these"
        )
    return found


def lines(schemes: Iterable[tuple[str, Scheme]]) -> list[tuple[str, str, bool]]:
    """List (short name, whole name, whether it trains) of each scheme."""
    return [(name, str(scheme), _is_trained(scheme)) for name, scheme in schemes]
