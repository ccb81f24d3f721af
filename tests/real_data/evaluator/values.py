"""Values: kinds, equality, order, paths into objects, and numbers as results write them."""

import json
import re
from fractions import Fraction

from .rows import Unsupported


def lookup(properties, path):
    """The value at a dotted path: at each level the whole rest as a key first, else up to the first dot."""
    if not isinstance(properties, dict):
        return None
    if path in properties:
        return properties[path]
    head, dot, rest = path.partition(".")
    return lookup(properties.get(head), rest) if dot else None


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "nested"


COMPARISONS = {"gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
               "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b}
COMPLEMENTS = {"is_not": "is", "not_contains": "contains", "not_set": "set"}


def scalar_passes(value, op, wanted):
    if kind(value) != kind(wanted) or kind(value) in ("null", "nested"):
        return False
    if op == "is":
        return value == wanted
    if op == "contains":
        return kind(value) == "string" and wanted in value
    if op == "matches":
        return kind(value) == "string" and re.search(wanted, value) is not None
    if op in COMPARISONS:
        if kind(value) == "string":
            return COMPARISONS[op](value.encode(), wanted.encode())
        return kind(value) == "number" and COMPARISONS[op](value, wanted)
    raise Unsupported(f"op {op}")


def value_passes(value, op, wanted):
    if op in COMPLEMENTS:
        return not value_passes(value, COMPLEMENTS[op], wanted)
    if op == "set":
        return value is not None
    elements = value if isinstance(value, list) else [value]
    alternatives = wanted if isinstance(wanted, list) else [wanted]
    return any(scalar_passes(e, op, w) for e in elements for w in alternatives)


def canonical(value):
    """1.0 and 1 are one value."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def value_order(value):
    if value is None or isinstance(value, bool):
        return ([None, False, True].index(value), 0)
    if kind(value) == "nested":
        compact = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return (5, compact.encode())
    return (4, value.encode()) if kind(value) == "string" else (3, value)


def number(value):
    """A number as results write it: the nearest double, without a point when integral below 2^53."""
    if value is None:
        return None
    double = float(value)
    return int(double) if double.is_integer() and abs(double) < 2**53 else double


def ratio(part, whole):
    return number(Fraction(part, whole)) if whole else None
