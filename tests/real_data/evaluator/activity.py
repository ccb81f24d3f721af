"""Stickiness and lifecycle: in which intervals each unit was active."""

from bisect import bisect_right
from collections import Counter, defaultdict

from .question import Question
from .rows import only_fields

FIELDS = "event interval week_start"
STATES = ["new", "returning", "resurrecting", "dormant"]


def intervals_of(question, events, starts):
    """{unit: the positions of the intervals in which it was active}."""
    active = defaultdict(set)
    for event in question.with_unit(events):
        active[question.unit(event)].add(bisect_right(starts, event.at) - 1)
    return active


def stickiness_of(document, workspace):
    question = Question(document, workspace, FIELDS)
    starts, events = question.buckets(), question.within(question.seen(document["event"]))
    return intervals_of(question, events, starts), len(starts), question.coverage(events)


def stickiness(document, workspace):
    active, intervals, coverage = stickiness_of(document, workspace)
    counts = Counter(map(len, active.values()))
    return {"counts": [counts[i + 1] for i in range(intervals)], "intervals": intervals, "coverage": coverage}


def stickiness_units(document, workspace):
    only_fields("units", document["units"], "intervals limit cursor")
    active, _, coverage = stickiness_of(document, workspace)
    return {u for u, found in active.items() if len(found) == document["units"]["intervals"]}, coverage


def lifecycle_of(document, workspace):
    """(question, bucket starts, per bucket {state: units}, coverage)."""
    question = Question(document, workspace, FIELDS)
    starts, ever = question.buckets(), question.with_unit(question.seen(document["event"]))
    firsts = {}
    for event in ever:
        firsts.setdefault(question.unit(event), event)
    buckets, inside = [], question.within(question.seen(document["event"]))
    before = question.units(question.within(ever, question.calendar.moved(starts[0], -1), starts[0])) if starts else {}
    for start, end in zip(starts, question.bucket_ends(starts)):
        active = question.units(question.within(ever, max(start, question.start), end))
        new = {u for u in active if max(start, question.start) <= firsts[u].at < end}
        states = (new, (active & before) - new, active - before - new, before - active)
        buckets.append(dict(zip(STATES, states)))
        before = active
    return question, starts, buckets, question.coverage(inside)


def lifecycle(document, workspace):
    question, starts, buckets, coverage = lifecycle_of(document, workspace)
    return {"buckets": question.labels(starts), **{s: [len(b[s]) for b in buckets] for s in STATES},
            "coverage": coverage}


def lifecycle_units(document, workspace):
    asked = document["units"]
    only_fields("units", asked, "bucket state limit cursor")
    question, starts, buckets, coverage = lifecycle_of(document, workspace)
    return buckets[starts.index(question.calendar.boundary(asked["bucket"]))][asked["state"]], coverage
