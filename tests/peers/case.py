"""One comparison: a document and the answer that the peers' SQL gives to it."""

from dataclasses import dataclass
from typing import Callable

from schema import SUBJECTS


@dataclass(frozen=True)
class Case:
    document: dict
    answer: Callable  # engine -> the whole answer, as the report language states it


def count_by(rng):
    """`(fragment of the document, kind of unit, its column in ev)`."""
    kind = rng.choice(["user", "user", "company", "company", "team"])
    fragment = {} if kind == "user" else {"count_by": {"group": kind}}
    return fragment, kind, SUBJECTS[kind]


def coverage(engine, unit, seen, within, matched):
    """Events of the range that passed the filter and any matcher, and those of them without a unit."""
    count, without = engine.row(f"SELECT count(*), count(CASE WHEN {unit} IS NULL THEN 1 END) FROM ev "
                                f"WHERE {seen} AND {within} AND ({matched})")
    return {"matched": count, "without_group": without}


def filled(length, cells, empty=0):
    """A list of so many values from `(place, value)` pairs."""
    cells = dict(cells)
    return [cells.get(place, empty) for place in range(length)]


def ratio(part, whole):
    return part / whole if whole else None
