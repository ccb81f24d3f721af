"""Funnels: how far units get through a series of steps, attempt by attempt."""

import json
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from fractions import Fraction
from typing import NamedTuple

from .instants import microseconds
from .question import OTHER, Breakdown, Question
from .rows import Unsupported, only_fields
from .values import lookup, number, ratio

FIELDS = "steps window order entry exclude hold breakdown limit interval week_start"


class Attempt(NamedTuple):
    """An event that opens, and the times at which so many steps were filled: as many as were reached."""

    opening: object
    times: list


class Steps:
    """What a document asks of one part of a unit's events."""

    def __init__(self, question):
        document, self.question = question.document, question
        self.matchers = [question.matcher(step) for step in document["steps"]]
        self.window = microseconds(document.get("window", "14d"))
        self.order = document.get("order", "ordered")
        if self.order not in ("ordered", "strict", "any") or document.get("entry", "best") not in ("best", "first"):
            raise Unsupported("order or entry of a funnel")
        self.exclusions = []
        for exclusion in document.get("exclude", []):
            only_fields("exclude", exclusion, "event from to")
            self.exclusions.append((question.matcher(exclusion["event"]), exclusion.get("from", 1) - 1,
                                    exclusion.get("to", len(self.matchers)) - 1))

    def attempts(self, events):
        """All attempts in the events of one part, in order of their openings."""
        one = self.any_order if self.order == "any" else self.in_order
        places = [[i for i, e in enumerate(events) if matcher.matches(e)] for matcher in self.matchers]
        unwanted = [[i for i, e in enumerate(events) if matcher.matches(e)] for matcher, _, _ in self.exclusions]
        openings = sorted(set().union(*places)) if self.order == "any" else places[0]
        for opening in openings:
            if self.question.start <= events[opening].at < self.question.end:
                yield Attempt(events[opening], one(events, opening, places, unwanted))

    def in_order(self, events, opening, places, unwanted):
        reached, deadline = [opening], events[opening].at + self.window
        for step, candidates in enumerate(places[1:], start=1):
            following = bisect_right(candidates, reached[-1])
            if following == len(candidates) or events[candidates[following]].at > deadline:
                break
            place = candidates[following]
            if self.order == "strict" and place != reached[-1] + 1:
                break
            if any(to == step and bisect_left(found, place) > bisect_right(found, reached[start])
                   for (_, start, to), found in zip(self.exclusions, unwanted)):
                break
            reached.append(place)
        return [events[place].at for place in reached]

    def any_order(self, events, opening, places, _):
        """Each event in turn fills a step more when the steps filled so far can be shared out anew to make room."""
        deadline, times, filled_by = events[opening].at + self.window, [], {}
        fillable = defaultdict(list)
        for step, found in enumerate(places):
            for place in found:
                fillable[place].append(step)

        def placed(place, tried):
            for step in fillable[place]:
                if step not in tried:
                    tried.add(step)
                    if step not in filled_by or placed(filled_by[step], tried):
                        filled_by[step] = place
                        return True
            return False

        for place in sorted(fillable):
            if place >= opening and events[place].at <= deadline and placed(place, set()):
                times.append(events[place].at)
        return times


def parts_of(question, events):
    """{unit: [the events of each held value]}; an event without the held value is in none."""
    hold, units = question.document.get("hold"), defaultdict(lambda: defaultdict(list))
    for event in question.with_unit(events):
        held = None
        if hold == "user":
            held = event.user
        elif hold is not None:
            held = lookup(event.properties, hold["property"])
            if held is None:
                continue
            held = json.dumps(held, sort_keys=True)
        units[question.unit(event)][held].append(event)
    return {unit: list(parts.values()) for unit, parts in units.items()}


def in_place(attempt):
    return attempt.opening.at, attempt.opening.arrival


def judged(document, workspace):
    """(question, {unit: its attempts in order}, coverage); with `first` there is one attempt."""
    question = Question(document, workspace, FIELDS)
    steps, seen = Steps(question), question.seen()
    of_step = [e for e in seen if any(matcher.matches(e) for matcher in steps.matchers)]
    if steps.order == "strict" or steps.exclusions:
        parts = parts_of(question, seen)
    else:
        parts = parts_of(question, of_step)
    attempts = {}
    for unit, events in parts.items():
        found = sorted((a for part in events for a in steps.attempts(part)), key=in_place)
        if found:
            attempts[unit] = found[:1] if document.get("entry", "best") == "first" else found
    return question, attempts, question.coverage(question.within(of_step))


def best(attempts):
    """The earliest of those that reach the highest level."""
    return max(attempts, key=lambda attempt: (len(attempt.times), [-x for x in in_place(attempt)]))


def median(values):
    middle, ordered = len(values) // 2, sorted(values)
    return ordered[middle] if len(values) % 2 else Fraction(ordered[middle - 1] + ordered[middle], 2)


def step_rows(document, counting):
    """`counting`: the attempt that counts of each unit."""
    counts = [sum(len(attempt.times) > i for attempt in counting) for i in range(len(document["steps"]))]
    out = []
    for i, step in enumerate(document["steps"]):
        waits = [a.times[i] - a.times[i - 1] for a in counting if len(a.times) > i] if i else []
        out.append({
            "event": step,
            "count": counts[i],
            "from_previous": ratio(counts[i], counts[i - 1]) if i else 1,
            "overall": ratio(counts[i], counts[0]) if i else 1,
            "median_seconds": number(Fraction(median(waits)) / 1_000_000) if waits else None,
            "average_seconds": number(Fraction(sum(waits), len(waits)) / 1_000_000) if waits else None,
        })
    return out


def by_start(question, attempts_of_units):
    """Per bucket and step, the units that reached it by their best attempt that opens there."""
    starts = question.buckets()
    counts = [[0] * len(starts) for _ in question.document["steps"]]
    for attempts in attempts_of_units:
        levels = {}
        for attempt in attempts:
            bucket = bisect_right(starts, attempt.opening.at) - 1
            levels[bucket] = max(levels.get(bucket, 0), len(attempt.times))
        for bucket, level in levels.items():
            for step in range(level):
                counts[step][bucket] += 1
    return {"buckets": question.labels(starts), "counts": counts}


def shown(question, counting, attempts_of_units):
    rows = {"steps": step_rows(question.document, counting)}
    return {**rows, "by_start": by_start(question, attempts_of_units)} if "interval" in question.document else rows


def by_value(question, attempts):
    """[(fields, the units counted under the value, a test of an attempt's own value)], in order of rank."""
    breakdown = Breakdown(question.document, question.workspace)
    value = lambda attempt: breakdown.tuple(attempt.opening)
    counted = {unit: value(best(found)) for unit, found in attempts.items()}
    chosen, others = breakdown.ranked(Counter(counted.values()))
    group = lambda text: text if text in chosen else OTHER
    named = [(text, {"breakdown": json.loads(text)}) for text in chosen]
    named += [(OTHER, {"breakdown": [], "other": True})] if others else []
    return [(fields, [u for u, own in counted.items() if group(own) == text],
             lambda attempt, text=text: group(value(attempt)) == text) for text, fields in named]


def funnel(document, workspace):
    question, attempts, coverage = judged(document, workspace)
    if not document.get("breakdown"):
        return {**shown(question, list(map(best, attempts.values())), attempts.values()), "coverage": coverage}
    series = []
    for fields, units_of_value, is_own in by_value(question, attempts):
        own = [list(filter(is_own, found)) for found in attempts.values()]
        series.append({**fields, **shown(question, [best(attempts[u]) for u in units_of_value], own)})
    return {"series": series, "coverage": coverage}


def units(document, workspace):
    asked = document["units"]
    only_fields("units", asked, "step dropped breakdown other limit cursor")
    question, attempts, coverage = judged(document, workspace)
    chosen = list(attempts)
    if "breakdown" in asked or "other" in asked:
        wanted = {"breakdown": asked.get("breakdown", []), **({"other": True} if "other" in asked else {})}
        chosen = next(of_value for fields, of_value, _ in by_value(question, attempts) if fields == wanted)
    level = {unit: len(best(attempts[unit]).times) for unit in chosen}
    if asked.get("dropped", False):
        return {unit for unit in chosen if level[unit] == asked["step"]}, coverage
    return {unit for unit in chosen if level[unit] >= asked["step"]}, coverage
