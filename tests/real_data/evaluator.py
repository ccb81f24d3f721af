"""Answers report documents from the lines of an input file, slowly and plainly.

Nothing here is clever on purpose: events are a list sorted by (timestamp, arrival), every report walks
that list, sums are exact fractions. It covers what `examples/reports` uses and raises `Unsupported` on
anything else, so that a document is never answered by half.

Times are integers: microseconds since the Unix epoch, UTC. A "unit" is a user, or a key of the counted group type.
"""

import gzip
import json
import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from typing import NamedTuple, Optional
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class Unsupported(Exception):
    """The document or the line uses something this evaluator does not know."""


def only_fields(what, found, known):
    unknown = sorted(set(found) - set(known.split()))
    if unknown:
        raise Unsupported(f"{what}: {', '.join(unknown)}")


# ---------------------------------------------------------------------------------------------- rows


class Event(NamedTuple):
    at: int
    arrival: int
    user: str
    name: str
    properties: dict
    groups: dict


class GroupCall(NamedTuple):
    at: int
    arrival: int
    user: Optional[str]
    type: str
    key: str
    properties: dict


class Log(NamedTuple):
    """Everything a file holds, both lists in order of (timestamp, arrival)."""

    lines: int
    events: list
    calls: list


def instant(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // MICROSECOND


def read_log(path):
    events, calls, arrival = [], [], 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for arrival, text in enumerate(lines, start=1):
            line = json.loads(text)
            at = instant(line["timestamp"])
            if line["type"] == "track":
                only_fields("line", line, "type distinct_id event timestamp insert_id groups properties")
                events.append(Event(at, arrival, line["distinct_id"], line["event"],
                                    line.get("properties", {}), line.get("groups", {})))
            elif line["type"] == "group":
                only_fields("line", line, "type distinct_id group_type group_key timestamp properties")
                calls.append(GroupCall(at, arrival, line.get("distinct_id"), line["group_type"],
                                       line["group_key"], line.get("properties", {})))
            else:
                raise Unsupported(f"a line of type {line['type']}")
    in_order = lambda row: (row.at, row.arrival)
    return Log(arrival, sorted(events, key=in_order), sorted(calls, key=in_order))


# ---------------------------------------------------------------------------- filters and matchers


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


def passes(event, condition):
    if condition is None:
        return True
    if "all" in condition:
        return all(passes(event, part) for part in condition["all"])
    if "any" in condition:
        return any(passes(event, part) for part in condition["any"])
    if "not" in condition:
        return not passes(event, condition["not"])
    if "group" in condition:
        only_fields("filter", condition, "group key")
        keys = condition["key"] if isinstance(condition["key"], list) else [condition["key"]]
        return event.groups.get(condition["group"]) in keys
    only_fields("filter", condition, "property op value")
    return value_passes(lookup(event.properties, condition["property"]), condition["op"], condition.get("value"))


def matches(event, matcher):
    if isinstance(matcher, str):
        return matcher in ("*", event.name)
    if isinstance(matcher, list):
        return event.name in matcher
    only_fields("matcher", matcher, "event filter")
    return matches(event, matcher["event"]) and passes(event, matcher.get("filter"))


# --------------------------------------------------------------------------------- time and buckets


def midnight(day, zone):
    return (datetime.combine(day, time(), zone).astimezone(timezone.utc) - EPOCH) // MICROSECOND


def boundary(text, zone):
    """An end of a range: a date is its midnight in the zone, anything else RFC 3339."""
    return midnight(date.fromisoformat(text), zone) if len(text) == 10 else instant(text)


def local(at, zone):
    return (EPOCH + at * MICROSECOND).astimezone(zone)


def bucket_start(at, interval, zone):
    moment = local(at, zone)
    if interval == "hour":
        into = timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
        return at - into // MICROSECOND
    day = moment.date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    elif interval == "month":
        day = day.replace(day=1)
    elif interval != "day":
        raise Unsupported(f"interval {interval}")
    return midnight(day, zone)


def next_bucket(start, interval, zone):
    if interval == "hour":
        return start + 3_600_000_000
    day = local(start, zone).date()
    if interval == "month":
        return midnight((day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)
    return midnight(day + timedelta(days=7 if interval == "week" else 1), zone)


def label(at, zone):
    text = local(at, zone).isoformat()
    return text.replace("+00:00", "Z") if zone.key == "UTC" else text


def microseconds(duration):
    return int(duration[:-1]) * SECONDS[duration[-1]] * 1_000_000


# ------------------------------------------------------------------------------ what reports share


class Question:
    """The fields common to all documents, and the events the document sees."""

    COMMON = "report from to timezone count_by filter "

    def __init__(self, document, log, fields):
        only_fields("document", document, self.COMMON + fields)
        self.zone = ZoneInfo(document.get("timezone", "UTC"))
        count_by = document.get("count_by", "users")
        self.group_type = None if count_by == "users" else count_by["group"]
        self.seen = [e for e in log.events if passes(e, document.get("filter"))]
        self.start = boundary(document["from"], self.zone) if "from" in document else None
        self.end = boundary(document["to"], self.zone) if "to" in document else None

    def unit(self, event):
        return event.user if self.group_type is None else event.groups.get(self.group_type)

    def with_unit(self, events):
        return [e for e in events if self.unit(e) is not None]

    def in_range(self):
        return [e for e in self.seen if self.start <= e.at < self.end]

    def coverage(self, matched):
        """`matched`: events of the range that pass any matcher of the document, each once."""
        return {"matched": len(matched), "without_group": len(matched) - len(self.with_unit(matched))}

    def buckets(self, interval):
        starts, start = [], bucket_start(self.start, interval, self.zone)
        while start < self.end and self.start < self.end:
            starts.append(start)
            start = next_bucket(start, interval, self.zone)
        return starts


def number(value):
    """A number as results write it: the nearest double, without a point when integral below 2^53."""
    if value is None:
        return None
    double = float(value)
    return int(double) if double.is_integer() and abs(double) < 2**53 else double


def ratio(part, whole):
    return number(Fraction(part, whole)) if whole else None


# ------------------------------------------------------------------------------------------- trends


def measure(events, what, unit):
    if what == "total":
        return len(events)
    units = len({unit(e) for e in events})
    if what == "unique":
        return units
    if what == "per_unit":
        return ratio(len(events), units)
    ((name, argument),) = what.items()
    path, share = argument if name == "percentile" else (argument, None)
    numbers = sorted(v for v in (lookup(e.properties, path) for e in events) if kind(v) == "number")
    total = sum(map(Fraction, numbers), Fraction(0))
    if name == "sum":
        return number(total)
    if not numbers:
        return None
    if name == "avg":
        return number(total / len(numbers))
    if name == "min":
        return number(numbers[0])
    if name == "max":
        return number(numbers[-1])
    if name == "percentile":
        rank = max(1, math.ceil(Fraction(str(share)) * len(numbers)))
        return number(numbers[rank - 1])
    raise Unsupported(f"measure {name}")


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


def breakdown_value(event, part):
    if "group" in part:
        only_fields("breakdown", part, "group")
        return event.groups.get(part["group"])
    only_fields("breakdown", part, "property")
    return canonical(lookup(event.properties, part["property"]))


def split_by_value(per_series, parts, limit):
    """[(fields of the series, events per series)]: the ranked values, then `other`."""
    if not parts:
        return [({"breakdown": []}, per_series)]
    value_of = lambda event: json.dumps([breakdown_value(event, part) for part in parts])
    counts = Counter(value_of(e) for events in per_series for e in events)
    ranked = sorted(counts, key=lambda v: (-counts[v], [value_order(x) for x in json.loads(v)]))
    chosen, others = ranked[:limit], set(ranked[limit:])
    keep = lambda wanted: [[e for e in events if value_of(e) in wanted] for events in per_series]
    out = [({"breakdown": json.loads(v)}, keep({v})) for v in chosen]
    return out + ([({"breakdown": [], "other": True}, keep(others))] if others else [])


def trends(document, log):
    question = Question(document, log, "interval series breakdown limit")
    interval = document.get("interval", "day")
    starts = question.buckets(interval)
    seen = question.in_range()
    matched = [e for e in seen if any(matches(e, s["event"]) for s in document["series"])]
    per_series = [question.with_unit([e for e in seen if matches(e, s["event"])]) for s in document["series"]]
    split = split_by_value(per_series, document.get("breakdown", []), document.get("limit", 10))
    out = []
    for index, series in enumerate(document["series"]):
        only_fields("series", series, "event measure label")
        what = series.get("measure", "unique")
        for fields, per_value in split:
            in_bucket = defaultdict(list)
            for event in per_value[index]:
                in_bucket[bisect_right(starts, event.at) - 1].append(event)
            values = [measure(in_bucket[i], what, question.unit) for i in range(len(starts))]
            total = measure(per_value[index], what, question.unit)
            out.append({"label": series["label"], **fields, "values": values, "total": total})
    return {"buckets": [label(s, question.zone) for s in starts], "series": out,
            "coverage": question.coverage(matched)}


# ------------------------------------------------------------------------------------------ funnels


def best_attempt(events, steps, start, end, window):
    """The times of the steps reached by the earliest of the unit's longest attempts; `events` in order."""
    positions = [[i for i, e in enumerate(events) if matches(e, step)] for step in steps]
    best = []
    for opening in positions[0]:
        if not start <= events[opening].at < end:
            continue
        reached, deadline = [opening], events[opening].at + window
        for candidates in positions[1:]:
            following = bisect_right(candidates, reached[-1])
            if following == len(candidates) or events[candidates[following]].at > deadline:
                break
            reached.append(candidates[following])
        if len(reached) > len(best):
            best = reached
    return [events[i].at for i in best]


def median(values):
    middle = len(values) // 2
    ordered = sorted(values)
    return ordered[middle] if len(values) % 2 else Fraction(ordered[middle - 1] + ordered[middle], 2)


def funnel(document, log):
    question = Question(document, log, "steps window order entry")
    if document.get("order", "ordered") != "ordered" or document.get("entry", "best") != "best":
        raise Unsupported("order or entry of a funnel")
    steps, window = document["steps"], microseconds(document.get("window", "14d"))
    of_step = [e for e in question.seen if any(matches(e, step) for step in steps)]
    per_unit = defaultdict(list)
    for event in question.with_unit(of_step):
        per_unit[question.unit(event)].append(event)
    attempts = [best_attempt(events, steps, question.start, question.end, window) for events in per_unit.values()]
    counts = [sum(len(times) > i for times in attempts) for i in range(len(steps))]
    out = []
    for i, step in enumerate(steps):
        waits = [times[i] - times[i - 1] for times in attempts if len(times) > i] if i else []
        out.append({
            "event": step,
            "count": counts[i],
            "from_previous": ratio(counts[i], counts[i - 1]) if i else 1,
            "overall": ratio(counts[i], counts[0]) if i else 1,
            "median_seconds": number(Fraction(median(waits)) / 1_000_000) if waits else None,
            "average_seconds": number(Fraction(sum(waits), len(waits)) / 1_000_000) if waits else None,
        })
    matched = [e for e in of_step if question.start <= e.at < question.end]
    return {"steps": out, "coverage": question.coverage(matched)}


# ---------------------------------------------------------------------------------------- retention


def retention(document, log):
    question = Question(document, log, "start return interval periods mode bound")
    if document.get("bound", "on") != "on":
        raise Unsupported("bound of a retention")
    begin, back = document["start"], document.get("return", document["start"])
    periods, starts = document.get("periods", 12), question.buckets(document.get("interval", "day"))
    period_of = lambda event: bisect_right(starts, event.at) - 1
    seen = question.in_range()
    if document["mode"] == "first_time":
        firsts = {}
        for event in question.with_unit(question.seen):
            if matches(event, begin):
                firsts.setdefault(question.unit(event), event)
        opening = [e for e in firsts.values() if question.start <= e.at < question.end]
    else:
        opening = [e for e in question.with_unit(seen) if matches(e, begin)]
    cohorts, returned = [set() for _ in starts], [set() for _ in starts]
    for event in opening:
        cohorts[period_of(event)].add(question.unit(event))
    for event in question.with_unit(seen):
        if matches(event, back):
            returned[period_of(event)].add(question.unit(event))
    rows = []
    for i, cohort in enumerate(cohorts):
        begun = len(starts) - i
        values = [len(cohort & returned[i + k]) if k < begun else None for k in range(periods)]
        rows.append({"period": label(starts[i], question.zone), "size": len(cohort), "values": values})
    mean = []
    for k in range(periods):
        known = [row for row in rows if row["values"][k] is not None]
        mean.append(ratio(sum(r["values"][k] for r in known), sum(r["size"] for r in known)))
    matched = [e for e in seen if matches(e, begin) or matches(e, back)]
    return {"rows": rows, "mean": mean, "coverage": question.coverage(matched)}


# ------------------------------------------------------------------------------------------ cohorts


def universe(question, log):
    if question.group_type is None:
        return {e.user for e in log.events} | {c.user for c in log.calls if c.user is not None}
    return {e.groups[question.group_type] for e in log.events if question.group_type in e.groups} | {
        c.key for c in log.calls if c.type == question.group_type}


def times_hold(count, times):
    return all(count == n if op == "is" else COMPARISONS[op](count, n) for op, n in times.items())


def cohort(document, log):
    """All members: the caller compares page by page."""
    question = Question(document, log, "where limit")
    everyone, matched = universe(question, log), {}

    def condition(where):
        if "all" in where:
            return set.intersection(*map(condition, where["all"]))
        if "any" in where:
            return set.union(*map(condition, where["any"]))
        if "not" in where:
            return everyone - condition(where["not"])
        only_fields("condition", where, "did times from to" if "did" in where else "first_did from to")
        start = boundary(where["from"], question.zone) if "from" in where else question.start
        end = boundary(where["to"], question.zone) if "to" in where else question.end
        inside = lambda event: (start is None or event.at >= start) and (end is None or event.at < end)
        doing = [e for e in question.seen if matches(e, where["did" if "did" in where else "first_did"])]
        matched.update((e.arrival, e) for e in doing if inside(e))
        if "did" in where:
            counts = Counter(question.unit(e) for e in question.with_unit(doing) if inside(e))
            return {u for u in everyone if times_hold(counts[u], where.get("times", {"gte": 1}))}
        firsts = {}
        for event in question.with_unit(doing):
            firsts.setdefault(question.unit(event), event)
        return {u for u, event in firsts.items() if inside(event)}

    members = sorted(condition(document["where"]), key=str.encode)
    return {"size": len(members), "members": members, "coverage": question.coverage(list(matched.values()))}


REPORTS = {"trends": trends, "funnel": funnel, "retention": retention, "cohort": cohort}


def evaluate(document, log):
    return REPORTS[document["report"]](document, log)


# -------------------------------------------------------------------------- groups and event names


def merged(properties, update):
    """`properties` with the update written over it; null removes."""
    both = {**properties, **update}
    return {name: value for name, value in both.items() if value is not None}


def group_rows(log):
    """{type: [row]}, each list as the Groups page shows it: last updated first, then key."""
    rows = {}
    for event in log.events:
        for group_type, key in event.groups.items():
            rows.setdefault((group_type, key), {"properties": {}, "last_updated": None})
    for call in log.calls:
        row = rows.setdefault((call.type, call.key), {"properties": {}, "last_updated": None})
        row["properties"] = merged(row["properties"], call.properties)
        row["last_updated"] = call.at
    pages = defaultdict(list)
    for (group_type, key), row in rows.items():
        pages[group_type].append({"type": group_type, "key": key, **row})
    newest_first = lambda row: (row["last_updated"] is None, -(row["last_updated"] or 0), row["key"].encode())
    return {group_type: sorted(page, key=newest_first) for group_type, page in pages.items()}


def group_members(log):
    """{(type, key): sorted ids}: the users whose latest call or event for the type names the key."""
    latest = {}
    for row in sorted(log.events + log.calls, key=lambda row: row[:2]):
        named = row.groups if isinstance(row, Event) else {row.type: row.key}
        for group_type, key in named.items():
            if row.user is not None:
                latest[row.user, group_type] = key
    members = defaultdict(list)
    for (user, group_type), key in latest.items():
        members[group_type, key].append(user)
    return {named: sorted(users, key=str.encode) for named, users in members.items()}


def event_counts(log):
    return dict(sorted(Counter(e.name for e in log.events).items()))
