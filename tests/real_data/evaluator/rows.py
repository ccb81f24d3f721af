"""The lines of input files as rows in order of (timestamp, arrival).

Times are integers: microseconds since the Unix epoch, UTC.
"""

import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from typing import NamedTuple, Optional

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
UPDATES = "properties set_once add append union"


class Unsupported(Exception):
    """The document or the line uses something this evaluator does not know."""


def only_fields(what, found, known):
    unknown = sorted(set(found) - set(known.split()))
    if unknown:
        raise Unsupported(f"{what}: {', '.join(unknown)}")


class Event(NamedTuple):
    at: int
    arrival: int
    user: str
    name: str
    properties: dict
    groups: dict


class Call(NamedTuple):
    """A group() call, or an identify() call: then `type` and `key` are None."""

    at: int
    arrival: int
    user: Optional[str]
    type: Optional[str]
    key: Optional[str]
    update: dict


class Log:
    """Everything that files hold, in order of (timestamp, arrival)."""

    def __init__(self):
        self.lines, self.events, self.calls, self.identifies = 0, [], [], []

    def read(self, path):
        """Adds the lines of a file after those that are there; returns how many."""
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            return self.take(json.loads(text) for text in lines)

    def take(self, lines):
        before = self.lines
        for line in lines:
            self.lines += 1
            at, arrival = instant(line["timestamp"]), self.lines
            if line["type"] == "track":
                only_fields("line", line, "type distinct_id event timestamp insert_id groups properties")
                self.events.append(Event(at, arrival, line["distinct_id"], line["event"],
                                         line.get("properties", {}), line.get("groups", {})))
                continue
            update = {name: line[name] for name in UPDATES.split() if name in line}
            if line["type"] == "group":
                only_fields("line", line, f"type distinct_id group_type group_key timestamp {UPDATES}")
                self.calls.append(Call(at, arrival, line.get("distinct_id"), line["group_type"],
                                       line["group_key"], update))
            elif line["type"] == "identify":
                only_fields("line", line, f"type distinct_id timestamp {UPDATES}")
                self.identifies.append(Call(at, arrival, line["distinct_id"], None, None, update))
            else:
                raise Unsupported(f"a line of type {line['type']}")
        for rows in (self.events, self.calls, self.identifies):
            rows.sort(key=itemgetter(0, 1))
        return self.lines - before

    def by_name(self):
        names = defaultdict(list)
        for event in self.events:
            names[event.name].append(event)
        return names


def instant(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // MICROSECOND
