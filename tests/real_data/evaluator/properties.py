"""Properties over time: calls folded into versions, and who belongs to which key."""

from bisect import bisect_left
from collections import defaultdict

from .rows import Event


def folded(properties, update):
    """The properties after one call: its five parts in their order, at the top level."""
    after = {**properties, **update.get("properties", {})}
    after = {name: value for name, value in after.items() if value is not None}
    for name, value in update.get("set_once", {}).items():
        after.setdefault(name, value)
    for name, value in update.get("add", {}).items():
        present = after.get(name, 0)
        if isinstance(present, (int, float)) and not isinstance(present, bool):
            after[name] = present + value
    for part in ("append", "union"):
        for name, value in update.get(part, {}).items():
            present = after.get(name, [])
            elements = list(present) if isinstance(present, list) else [present]
            for element in value if isinstance(value, list) else [value]:
                if part == "append" or element not in elements:
                    elements.append(element)
            after[name] = elements
    return after


class History:
    """The versions of one holder's properties."""

    def __init__(self):
        self.places, self.versions = [], [{}]

    def add(self, call):
        self.places.append((call.at, call.arrival))
        self.versions.append(folded(self.versions[-1], call.update))

    def now(self):
        return self.versions[-1]

    def before(self, at, arrival=0):
        """In force for what stands at this place in order: the calls before it, not one at it."""
        return self.versions[bisect_left(self.places, (at, arrival))]


def histories(calls):
    """{holder: History}: the holder is the user of an identify() call, the (type, key) of a group() call."""
    found = defaultdict(History)
    for call in calls:
        found[call.user if call.type is None else (call.type, call.key)].add(call)
    return found


def associations(log):
    """{(user, type): key}: what the latest call or event of the user for the type names."""
    latest = {}
    for row in sorted([*log.events, *log.calls], key=lambda row: row[:2]):
        named = row.groups if isinstance(row, Event) else {row.type: row.key}
        for group_type, key in named.items():
            if row.user is not None:
                latest[row.user, group_type] = key
    return latest
