"""Which rows of `points` a condition leaves: comparisons of columns, on what is known before test.

`size_bytes < 200_000 and dev_ece < 0.01` is parsed, never run: columns, numbers, words in quotes,
comparisons, `and`, `or`, `not` (or `&`, `|`, `~`), and nothing else.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from emoray.tables.point_rows import PointRow
from emoray.tables.schema import schema_of

LONGEST = 1000  # signs of a condition
EXAMPLE = "'size_bytes < 200_000 and dev_ece < 0.01'"
COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
JOINED: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.And: operator.and_,
    ast.BitAnd: operator.and_,
    ast.Or: operator.or_,
    ast.BitOr: operator.or_,
}


def short(text: str, most: int = 60) -> str:
    """Quote a user's text, short enough for a line."""
    line = " ".join(text.split())
    return repr(line if len(line) <= most else f"{line[: most - 1]}…")


def of_test(column: str) -> bool:
    """Whether a column of points holds what only test shows."""
    return column.startswith(("test_", "nearest_")) or column == "distinguishable"


def _refused(part: str, why: str) -> ValueError:
    return ValueError(f"{why}, got {short(part)}: write it like {EXAMPLE}")


def _column(points: pd.DataFrame, name: str) -> pd.Series:
    if of_test(name):
        raise ValueError(
            f"rows are chosen on dev, test only reports, got a condition on {name}: use the dev_ "
            "columns, or what a row costs"
        )
    schema = schema_of(PointRow)
    if name not in schema.names:
        raise ValueError(
            f"a condition names columns of points, got {short(name)}: "
            "run.describe('points') lists them"
        )
    if points[name].isna().all() and len(points):
        raise ValueError(
            f"a condition is on what was measured, got {name}, which this run has of no row: leave "
            "it out, or run the same command again with this version"
        )
    values = points[name]
    if pa.types.is_boolean(schema.field(name).type):
        return values.astype("boolean")
    return values


def _constant(node: ast.expr) -> Any:
    """A number, a word or a flag; ValueError for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand)
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return node.value
    raise _refused(ast.unparse(node), "a condition compares columns with numbers or quoted words")


def _side(node: ast.expr, points: pd.DataFrame) -> Any:
    return _column(points, node.id) if isinstance(node, ast.Name) else _constant(node)


def _is_text(side: Any) -> bool:
    return (
        not pd.api.types.is_numeric_dtype(side)
        if isinstance(side, pd.Series)
        else isinstance(side, str)
    )


def _within(node: ast.Compare, op: ast.cmpop, right: ast.expr, points: pd.DataFrame) -> pd.Series:
    """`column in [...]`."""
    if not isinstance(node.left, ast.Name) or not isinstance(right, ast.List | ast.Tuple):
        raise _refused(ast.unparse(node), "`in` asks whether a column is in a list such as [4, 8]")
    found = _column(points, node.left.id).isin([_constant(each) for each in right.elts])
    return ~found if isinstance(op, ast.NotIn) else found


def _comparison(node: ast.Compare, points: pd.DataFrame) -> pd.Series:
    """`a < b`, `a < b < c`, `a in [...]`."""
    found = pd.Series(True, points.index, dtype="boolean")
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            found &= _within(node, op, right, points)
            continue
        if type(op) not in COMPARED:
            raise _refused(
                ast.unparse(node), "a condition compares with <, <=, >, >=, ==, != or in"
            )
        one, two = _side(left, points), _side(right, points)
        if not (isinstance(one, pd.Series) or isinstance(two, pd.Series)):
            raise _refused(ast.unparse(node), "a comparison has a column on one side")
        if _is_text(one) != _is_text(two):
            raise _refused(ast.unparse(node), "numbers compare with numbers, words with words")
        known = ~(pd.isna(one) | pd.isna(two))  # what was not measured passes no comparison
        found &= COMPARED[type(op)](one, two).astype("boolean").where(known)
        left = right
    return found


def _rows(node: ast.expr, points: pd.DataFrame) -> pd.Series:
    """True where the condition holds, null where it asks for what was not measured."""
    if isinstance(node, ast.BoolOp):
        first, *others = (_rows(value, points) for value in node.values)
        for other in others:
            first = JOINED[type(node.op)](first, other)
        return first
    if isinstance(node, ast.BinOp) and type(node.op) in JOINED:
        return JOINED[type(node.op)](_rows(node.left, points), _rows(node.right, points))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        return ~_rows(node.operand, points)
    if isinstance(node, ast.Compare):
        return _comparison(node, points)
    if isinstance(node, ast.Name):
        flags = _column(points, node.id)
        if isinstance(flags.dtype, pd.BooleanDtype):
            return flags
    raise _refused(ast.unparse(node), "a condition is made of comparisons of columns")


def rows_where(points: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Rows for which `condition` holds; ValueError where it is none, or no row is left."""
    if not isinstance(condition, str) or not condition.strip() or len(condition) > LONGEST:
        raise _refused(str(condition), f"a condition is text of 1 to {LONGEST} signs")
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
        held = _rows(tree, points).fillna(False).astype(bool)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise _refused(condition, "a condition is made of comparisons of columns") from error
    if not held.any():
        raise ValueError(
            f"a choice needs rows that are left, got none of {len(points):,} where "
            f"{short(condition)}: loosen it"
        )
    return points[held]
