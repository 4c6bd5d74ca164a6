"""Schemes by the names that a user types: `int8`, `int4~qat3`, `prune(ffn=0.5)+int8~heal1`."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from emoray.quant.catalogue import all_schemes, bert_schemes
from emoray.quant.policy import Scheme
from emoray.quant.scheme import ModelScheme, Qat
from emoray.quant.scheme_names import alias, named_schemes, pruned_scheme
from emoray.search.form.words import value_of


@cache
def short_names() -> dict[str, Scheme]:
    """Every scheme of the catalogue by its short name, else by its whole one.

    Returns:
        Those of `jobs.compress --list` first, so that a name means the same everywhere.
    """
    found = dict(named_schemes())
    known = set(found.values())
    for text, scheme in all_schemes().items():
        if scheme not in known:
            name = alias(scheme)
            found[text if name in found else name] = scheme
            known.add(scheme)
    return found


def scheme_called(name: str) -> Scheme | None:
    """The scheme of a short or a whole name, with `~qat3`, `~heal1` or `prune(…)+` or without."""
    found = {**all_schemes(), **bert_schemes(), **short_names()}.get(name)
    if found is not None:
        return found
    if (pruned := pruned_scheme(name, scheme_called)) is not None:
        return pruned
    plain, mark, trained = name.rpartition("~")
    base = scheme_called(plain) if mark else None
    qat = value_of(trained, Qat)
    if isinstance(base, ModelScheme) and base.qat is None and qat is not None:
        return replace(base, qat=qat)
    return None


def name_of_scheme(scheme: Scheme) -> str | None:
    """A name that `scheme_called` knows it by; None where it has none."""
    named = {known: name for name, known in short_names().items()}
    if scheme in named:
        return named[scheme]
    if (prune := scheme.prune) is not None:
        plain = name_of_scheme(replace(scheme, prune=None))
        name = f"{prune}+{plain}{prune.healing}"
        return name if plain and scheme_called(name) == scheme else None
    if isinstance(scheme, ModelScheme) and scheme.qat is not None:
        plain = name_of_scheme(replace(scheme, qat=None))
        name = f"{plain}~{scheme.qat}"
        return name if plain and scheme_called(name) == scheme else None
    return None


def by_name(schemes: Iterator[Scheme]) -> dict[str, Scheme]:
    """Schemes by their whole names, as a joint search chooses among them."""
    return {str(scheme): scheme for scheme in schemes}
