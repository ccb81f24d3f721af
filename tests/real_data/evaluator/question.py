"""What reports share: the workspace they read, and the fields and events common to all documents."""

import json
from bisect import bisect_left
from collections import Counter

from .filters import Matcher, breakdown_value, passing
from .instants import Calendar
from .properties import associations, histories
from .rows import only_fields
from .values import value_order


class Workspace:
    """All rows, the properties of users and keys, and the saved cohorts as (group type or None, members)."""

    def __init__(self, log):
        self.log, self.names, self.cohorts = log, log.by_name(), {}
        self.histories = {**histories(log.identifies), **histories(log.calls)}
        self.associations = associations(log)

    def universe(self, group_type):
        """Every user with an event or a call, or every key with an event or a group() call."""
        log = self.log
        if group_type is None:
            rows = [*log.events, *log.calls, *log.identifies]
            return {row.user for row in rows if row.user is not None}
        return {e.groups[group_type] for e in log.events if group_type in e.groups} | {
            call.key for call in log.calls if call.type == group_type}

    def history(self, group_type, unit):
        """The property versions of a user or key; None when no call wrote any."""
        return self.histories.get(unit if group_type is None else (group_type, unit))


class Question:
    """A document, and the events it sees. A "unit" is a user, or a key of the counted group type."""

    COMMON = "report from to timezone now count_by filter units "

    def __init__(self, document, workspace, fields):
        only_fields("document", document, self.COMMON + fields)
        self.document, self.workspace, self.calendar = document, workspace, Calendar(document)
        count_by = document.get("count_by", "users")
        self.group_type = None if count_by == "users" else count_by["group"]
        self.start = self.calendar.boundary(document["from"]) if "from" in document else None
        self.end = self.calendar.boundary(document["to"]) if "to" in document else None
        self.sees = passing(document.get("filter"), workspace)

    def matcher(self, matcher):
        return Matcher(matcher, self.workspace)

    def seen(self, matcher="*"):
        """The events of all history that the document sees and the matcher passes, in order."""
        asked = self.matcher(matcher)
        if asked.names is None:
            rows = self.workspace.log.events
        else:
            rows = [row for name in dict.fromkeys(asked.names) for row in self.workspace.names.get(name, [])]
            rows.sort(key=lambda row: (row.at, row.arrival))
        return [row for row in rows if self.sees(row) and asked.passes(row)]

    def within(self, events, start=None, end=None):
        """Those of [start, end), by default the document's own range; `events` in order."""
        start = self.start if start is None else start
        end = self.end if end is None else end
        at = lambda event: event.at
        low = 0 if start is None else bisect_left(events, start, key=at)
        return events[low:len(events) if end is None else bisect_left(events, end, key=at)]

    def unit(self, event):
        return event.user if self.group_type is None else event.groups.get(self.group_type)

    def units(self, events):
        return {unit for unit in map(self.unit, events) if unit is not None}

    def with_unit(self, events):
        return [e for e in events if self.unit(e) is not None]

    def coverage(self, *matched):
        """`matched`: lists of the events that pass a matcher of the document; each event counts once."""
        each = {event.arrival: event for events in matched for event in events}.values()
        return {"matched": len(each), "without_group": len(each) - len(self.with_unit(each))}

    def buckets(self):
        return self.calendar.buckets(self.start, self.end)

    def bucket_ends(self, starts):
        """Where each bucket ends: the next one's start, the last one's at `to` at the latest."""
        return [min(self.calendar.moved(start, 1), self.end) for start in starts]

    def labels(self, starts):
        return [self.calendar.label(start) for start in starts]

    def breakdown(self):
        return Breakdown(self.document, self.workspace)


class Breakdown:
    """Tuples of values of events. A tuple is kept as its JSON text, by which 1 and true stay two values."""

    def __init__(self, document, workspace):
        self.parts = [breakdown_value(part, workspace) for part in document.get("breakdown", [])]
        self.limit = document.get("limit", 10)

    def tuple(self, event):
        return json.dumps([value(event) for value in self.parts], sort_keys=True)

    def ranked(self, counts):
        """(the tuples shown, whether there are others), from {tuple: how often}."""
        order = lambda text: (-counts[text], [value_order(value) for value in json.loads(text)])
        ranked = sorted(counts, key=order)
        return ranked[:self.limit], len(ranked) > self.limit


OTHER = "other"


def shown_tuples(breakdown, events):
    """[(tuple or OTHER, the fields that name it)] in order of rank, after how many events have it."""
    chosen, others = breakdown.ranked(Counter(map(breakdown.tuple, events)))
    shown = [(text, {"breakdown": json.loads(text)}) for text in chosen]
    return shown + ([(OTHER, {"breakdown": [], "other": True})] if others else [])
