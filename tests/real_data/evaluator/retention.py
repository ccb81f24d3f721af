"""Retention: which units come back in the periods after they start."""

from bisect import bisect_right

from .question import Question
from .rows import Unsupported, only_fields
from .values import ratio

FIELDS = "start return interval week_start periods mode bound"


class Tables:
    """Per period of the range: the units that start in it, and those that return in it."""

    def __init__(self, document, workspace):
        self.question = question = Question(document, workspace, FIELDS)
        self.mode, self.bound = document.get("mode", "first_time"), document.get("bound", "on")
        if self.mode not in ("first_time", "recurring") or self.bound not in ("on", "on_or_after"):
            raise Unsupported("mode or bound of a retention")
        self.starts = question.buckets()
        starting = question.seen(document["start"])
        self.begun = question.within(starting)
        self.returned = question.within(question.seen(document.get("return", document["start"])))
        self.cohorts, self.back = self.sets(self.opening(starting)), self.sets(self.returned)

    def opening(self, starting):
        """The events that put a unit into a cohort."""
        if self.mode == "recurring":
            return self.begun
        firsts = {}
        for event in self.question.with_unit(starting):
            firsts.setdefault(self.question.unit(event), event)
        return [e for e in firsts.values() if self.question.start <= e.at < self.question.end]

    def sets(self, events):
        sets = [set() for _ in self.starts]
        for event in self.question.with_unit(events):
            sets[bisect_right(self.starts, event.at) - 1].add(self.question.unit(event))
        return sets

    def cell(self, row, k):
        """The units of a cohort that return in period row + k (or after it); None where that has not begun."""
        if row + k >= len(self.starts):
            return None
        later = self.back[row + k:] if self.bound == "on_or_after" else [self.back[row + k]]
        return self.cohorts[row] & set().union(*later)

    def coverage(self):
        return self.question.coverage(self.begun, self.returned)


def retention(document, workspace):
    tables, rows = Tables(document, workspace), []
    for i, start in enumerate(tables.starts):
        cells = [tables.cell(i, k) for k in range(document.get("periods", 12))]
        values = [None if cell is None else len(cell) for cell in cells]
        rows.append({"period": tables.question.calendar.label(start), "size": len(tables.cohorts[i]), "values": values})
    mean = []
    for k in range(document.get("periods", 12)):
        known = [row for row in rows if row["values"][k] is not None]
        mean.append(ratio(sum(r["values"][k] for r in known), sum(r["size"] for r in known)))
    return {"rows": rows, "mean": mean, "coverage": tables.coverage()}


def units(document, workspace):
    asked, tables = document["units"], Tables(document, workspace)
    only_fields("units", asked, "period k limit cursor")
    row = tables.starts.index(tables.question.calendar.boundary(asked["period"]))
    return tables.cell(row, asked["k"]) if "k" in asked else tables.cohorts[row], tables.coverage()
