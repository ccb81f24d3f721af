"""Trends: measures of events, and of properties, per bucket of time."""

import ast
import json
import math
import operator
from bisect import bisect_right
from collections import Counter, defaultdict
from fractions import Fraction

from .question import OTHER, Question, shown_tuples
from .rows import Unsupported, only_fields
from .values import canonical, kind, lookup, number, ratio, value_order

FIELDS = "interval week_start series breakdown limit cumulative compare formula"


def mean_sum(numbers):
    """(sum, mean) of numbers, exact."""
    total = sum(n if isinstance(n, int) else Fraction(n) for n in numbers)
    return number(total), ratio(total, len(numbers))


def measured(events, what, question):
    if what == "total":
        return len(events)
    if what == "unique":
        return len(question.units(events))
    if what == "per_unit":
        return ratio(len(events), len(question.units(events)))
    ((name, argument),) = what.items()
    path, share = argument if name == "percentile" else (argument, None)
    numbers = [v for v in (lookup(e.properties, path) for e in events) if kind(v) == "number"]
    if name == "sum":
        return mean_sum(numbers)[0]
    if not numbers:
        return None
    if name == "avg":
        return mean_sum(numbers)[1]
    if name == "min":
        return number(min(numbers))
    if name == "max":
        return number(max(numbers))
    if name == "percentile":
        rank = max(1, math.ceil(Fraction(str(share)) * len(numbers)))
        return number(sorted(numbers)[rank - 1])
    raise Unsupported(f"measure {name}")


class Range:
    """[start, end) and its buckets: the document's own, or the one before it."""

    def __init__(self, question, start, end):
        self.question, self.start, self.end = question, start, end
        self.starts = question.calendar.buckets(start, end)
        self.ends = [min(question.calendar.moved(s, 1), end) for s in self.starts]

    def before(self):
        calendar, count = self.question.calendar, len(self.starts)
        return Range(self.question, *(calendar.moved(calendar.aligned(end), -count) for end in (self.start, self.end)))

    def values(self, events, what, cumulative):
        """The measure of each bucket, and of the whole; `events` of all history, in order."""
        if isinstance(what, dict) and "active" in what:
            window = lambda end: self.question.within(
                events, self.question.calendar.back(end, what["active"]), end)
            values = [len(self.question.units(window(end))) for end in self.ends]
            return {"values": values, "total": len(self.question.units(window(self.end)))}
        inside = self.question.within(events, self.start, self.end)
        if cumulative:
            parts = [self.question.within(inside, self.start, end) for end in self.ends]
        else:
            in_bucket = defaultdict(list)
            for event in inside:
                in_bucket[bisect_right(self.starts, event.at) - 1].append(event)
            parts = [in_bucket[i] for i in range(len(self.starts))]
        return {"values": [measured(part, what, self.question) for part in parts],
                "total": measured(inside, what, self.question)}


def split(per_series, breakdown, question):
    """[(fields of the series, its events per series)]: ranked by the events of the range."""
    if not breakdown.parts:
        return [({"breakdown": []}, per_series)]
    texts = [[breakdown.tuple(e) for e in events] for events in per_series]
    shown = shown_tuples(breakdown, [e for events in per_series for e in question.within(events)])
    named = {text for text, _ in shown}
    kept = defaultdict(list)
    for index, events in enumerate(per_series):
        for text, event in zip(texts[index], events):
            kept[text if text in named else OTHER, index].append(event)
    return [(fields, [kept[text, index] for index in range(len(per_series))]) for text, fields in shown]


def trends(document, workspace):
    question = Question(document, workspace, FIELDS)
    if any("property_of" in series for series in document["series"]):
        return properties_over_time(question, workspace)
    whole = Range(question, question.start, question.end)
    before = whole.before() if document.get("compare") == "previous" else None
    matched = [question.seen(series["event"]) for series in document["series"]]
    if before is None and not any("active" in series.get("measure", "") for series in document["series"]):
        matched = list(map(question.within, matched))
    parts = split(list(map(question.with_unit, matched)), question.breakdown(), question)
    rows = []
    for index, series in enumerate(document["series"]):
        only_fields("series", series, "event measure label")
        how = series.get("measure", "unique"), document.get("cumulative", False)
        for fields, per_series in parts:
            row = {"label": series["label"], **fields, **whole.values(per_series[index], *how)}
            if before:
                row["previous"] = before.values(per_series[index], *how)
            rows.append(row)
    if "formula" in document:
        rows = computed(document["formula"], rows, len(parts))
    answer = {"buckets": question.labels(whole.starts), "series": rows,
              "coverage": question.coverage(*map(question.within, matched))}
    return {**answer, "previous_buckets": question.labels(before.starts)} if before else answer


def units(document, workspace):
    """The distinct units behind a number, and the coverage of the report."""
    question, asked = Question(document, workspace, FIELDS), document["units"]
    only_fields("units", asked, "series bucket breakdown other limit cursor")
    matched = [question.seen(series["event"]) for series in document["series"]]
    breakdown = question.breakdown()
    events = question.with_unit(matched[asked["series"]])
    if "breakdown" in asked or "other" in asked:
        wanted = {"breakdown": asked.get("breakdown", []), **({"other": True} if "other" in asked else {})}
        parts = split(list(map(question.with_unit, matched)), breakdown, question)
        events = next(per_series[asked["series"]] for fields, per_series in parts if fields == wanted)
    inside = question.within(events)
    if "bucket" in asked:
        bucket = question.calendar.boundary(asked["bucket"])
        inside = question.within(inside, bucket, question.calendar.moved(bucket, 1))
    return question.units(inside), question.coverage(*map(question.within, matched))


# ------------------------------------------------------------------------------------------ formulas

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def calculated(node, letters):
    """The value of an expression; None where a letter is None or something is divided by 0."""
    if isinstance(node, ast.Expression):
        return calculated(node.body, letters)
    if isinstance(node, ast.Name):
        return letters[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = calculated(node.operand, letters)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = calculated(node.left, letters), calculated(node.right, letters)
        if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
            return None
        return OPERATIONS[type(node.op)](left, right)
    raise Unsupported("a formula of this kind")


def computed(formula, rows, parts_count):
    """The formula's rows: one per breakdown value, from the rows of all series in document order."""
    tree, out = ast.parse(formula, mode="eval"), []
    for i in range(parts_count):
        of_letter = {chr(65 + s): row for s, row in enumerate(rows[i::parts_count])}

        def answer(numbers):
            each = [dict(zip(of_letter, column)) for column in zip(*(numbers(r)["values"] for r in of_letter.values()))]
            totals = {letter: numbers(row)["total"] for letter, row in of_letter.items()}
            return {"values": [number(calculated(tree, letters)) for letters in each],
                    "total": number(calculated(tree, totals))}

        first = rows[i]
        row = {"label": formula, **{name: first[name] for name in ("breakdown", "other") if name in first},
               **answer(lambda row: row)}
        if "previous" in first:
            row["previous"] = answer(lambda row: row["previous"])
        out.append(row)
    return out


# ------------------------------------------------------------------------------ properties over time


def properties_over_time(question, workspace):
    """Per bucket, the values that every holder has as of the bucket's end."""
    starts, rows = question.buckets(), []
    ends = question.bucket_ends(starts) + [question.end]
    for series in question.document["series"]:
        only_fields("series", series, "property_of measure label")
        ((name, path),) = series["measure"].items()
        group_type = None if series["property_of"] == "user" else series["property_of"]["group"]
        holders = workspace.universe(group_type)
        found = list(filter(None, (workspace.history(group_type, holder) for holder in holders)))
        bare = len(holders) - len(found)
        columns = [[lookup(history.before(end), path) for history in found] + [None] * bare for end in ends]
        if name == "count_by_value":
            rows += counted_by_value(series["label"], columns, question.document.get("limit", 10))
            continue
        which = ["sum", "avg"].index(name)
        values = [mean_sum([v for v in column if kind(v) == "number"])[which] for column in columns]
        rows.append({"label": series["label"], "breakdown": [], "values": values[:-1], "total": values[-1]})
    return {"buckets": question.labels(starts), "series": rows, "coverage": question.coverage()}


def counted_by_value(label, columns, limit):
    """A row per value; the last column, the state at `to`, ranks them."""
    counts = [Counter(json.dumps(canonical(v), sort_keys=True) for v in column) for column in columns]
    order = lambda text: (-counts[-1][text], value_order(json.loads(text)))
    ranked = sorted(set().union(*counts), key=order)
    others = set(ranked[limit:])
    row = lambda fields, numbers: {"label": label, **fields, "values": numbers[:-1], "total": numbers[-1]}
    rows = [row({"breakdown": [json.loads(text)]}, [c[text] for c in counts]) for text in ranked[:limit]]
    if others:
        rows.append(row({"breakdown": [], "other": True}, [sum(c[text] for text in others) for c in counts]))
    return rows
