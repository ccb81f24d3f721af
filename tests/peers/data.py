"""The data set: input lines for trackcrumb, and the same things as plain rows for the peers.

What trackcrumb resolves itself is resolved here by construction: rows carry a user's shown id where lines carry an
id joined by alias(), and duplicates by `insert_id` have a line but no row.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
START = datetime(2026, 2, 10, tzinfo=timezone.utc)
DAYS = 66
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NAMES = ["page_viewed", "feature_used", "signup", "invite_sent", "purchase", "upgraded", "refunded"]
WEIGHTS = [34, 26, 8, 10, 12, 6, 4]
COUNTRIES = ["AA", "AD", "BC", "Bé", "C"]
PATHS = ["/", "/docs", "/docs/api", "/pricing"]
TAGS = ["red", "green", "blue"]
PLANS = ["free", "pro", "enterprise"]
ROLES = ["admin", "viewer", "editor"]
REGIONS = ["eu", "us", "ap"]
MIXED = [1, 2, 2.5, "1", "2", "b", True, False]

COMPANIES = [f"company-{i:02}" for i in range(36)]
TEAMS = [f"team {i}" for i in range(24)]

# The properties of each subject, as the peers know them: a column each for strings, numbers and booleans.
PROPERTIES = {
    "event": ["country", "amount", "ok", "mixed", "page_path", "tags"],
    "user": ["role", "age"],
    "company": ["plan", "seats", "live"],
    "team": ["region"],
}


def micros(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


def rfc3339(instant):
    return (EPOCH + timedelta(microseconds=instant)).isoformat().replace("+00:00", "Z")


@dataclass
class Data:
    """Lines in arrival order, and rows by table; a row's `line` is the place of its line."""

    lines: list = field(default_factory=list)
    events: list = field(default_factory=list)
    calls: list = field(default_factory=list)   # identify() and group(): who, and which key
    writes: list = field(default_factory=list)  # one row for each property that a call wrote

    def event(self, line, user):
        properties = line["properties"]
        row = {"line": len(self.lines), "ts": line["timestamp"], "usr": user, "name": line["event"],
               "company": line["groups"].get("company"), "team": line["groups"].get("team")}
        values = {**properties, "page_path": properties.get("page", {}).get("path")}
        for name in PROPERTIES["event"]:
            row.update(columns(f"event_{name}_", values.get(name)))
        self.events.append(row)
        self.take(line)

    def call(self, line, user, kind, key):
        place, at = len(self.lines), line["timestamp"]
        self.calls.append({"line": place, "ts": at, "usr": user, "kind": kind, "grp": key})
        for name, value in line.get("properties", {}).items():
            subject, unit = (kind, key) if kind else ("user", user)
            self.writes.append({"line": place, "ts": at, "subject": subject, "unit": unit, "property": name,
                                **columns("", value)})
        self.take(line)

    def take(self, line):
        if "timestamp" in line:
            line = {**line, "timestamp": rfc3339(line["timestamp"])}
        self.lines.append(json.dumps(line, ensure_ascii=False))


def columns(prefix, value):
    """A value as string, number or boolean; a list of strings as one string, each element between commas."""
    if isinstance(value, list):
        value = "," + "".join(f"{element}," for element in value)
    return {f"{prefix}s": value if isinstance(value, str) else None,
            f"{prefix}n": float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None,
            f"{prefix}b": int(value) if isinstance(value, bool) else None}


def generate(rng, events=6000, users=320, saved_cohorts=()):
    """Makes the data set; `saved_cohorts` are (name, document) pairs that the workspace keeps."""
    people = [Person(rng, i) for i in range(users)]
    weights = [(i + 8) ** -0.7 for i in range(users)]
    pending = []  # (time of arrival, a number that breaks ties, line, person, kind, key)

    def send(at, line, person, kind=None, key=None):
        arrival = at + (rng.randrange(2 * DAY) if rng.random() < 0.05 else 0)
        pending.append((arrival, len(pending), {**line, "timestamp": at}, person, kind, key))

    at = None
    for _ in range(events):
        person = rng.choices(people, weights)[0]
        if at is None or rng.random() > 0.35:  # else: the same moment as the event before, often of another user
            at = micros(START) + rng.randrange(DAYS * DAY)
            at -= at % rng.choice([1, 1000, MINUTE, HOUR, 6 * HOUR])
        elif rng.random() < 0.6:
            person, at = last, at + rng.choice([0, 0, 20 * MINUTE, 5 * HOUR, DAY])
        if at < person.since:
            at = person.since + rng.randrange(2 * DAY)
        last = person
        line = event_line(rng, person)
        send(at, line, person)
        if rng.random() < 0.03:
            line["insert_id"] = f"i{len(pending)}"
            pending[-1][2]["insert_id"] = line["insert_id"]
            again = at + rng.choice([0, HOUR, 7 * DAY])
            pending.append((at + 30 * DAY, len(pending), {**line, "timestamp": again}, None, None, None))
        if rng.random() < 0.05:
            send(at + rng.choice([0, 0, MINUTE, -HOUR]), *group_call(rng, person))
        if rng.random() < 0.04:
            send(at + rng.choice([0, 0, MINUTE, -HOUR]), *identify_call(rng, person))
    for person in rng.sample(people, users // 3):  # moves at the very moment of its last event
        moment = micros(START) + (DAYS + rng.randrange(4)) * DAY
        both = [(event_line(rng, person), person), group_call(rng, person)]
        rng.shuffle(both)
        for one in both:
            send(moment, *one)
    silent = Person(rng, users)  # known by a call only
    send(micros(START), *identify_call(rng, silent))
    send(micros(START), *group_call(rng, silent, "company-without-events"))
    for key in COMPANIES[:6]:  # properties only, no association
        send(micros(START) + rng.randrange(DAYS * DAY),
             {"type": "group", "group_type": "company", "group_key": key, "properties": {"plan": rng.choice(PLANS)}},
             None, "company", key)

    data = Data()
    pending.sort(key=lambda one: one[:2])
    for place, (_, _, line, person, kind, key) in enumerate(pending):
        if place == len(pending) // 2:
            for one in people:
                if one.joined:
                    data.take({"type": "alias", "distinct_id": one.name, "alias": one.joined})
        if line["type"] != "track":
            data.call(line, person and person.name, kind, key)
        elif person:
            data.event(line, person.name)
        else:
            data.take(line)
    for name, document in saved_cohorts:
        data.take({"type": "cohort", "name": name, "report": document})
    return data


class Person:
    def __init__(self, rng, number):
        self.name = f"user_{number:03}"
        self.joined = f"visitor-{number}" if number % 50 == 7 else None
        self.since = micros(START) + (rng.randrange(DAYS * DAY) if rng.random() < 0.5 else 0)
        self.company = rng.choice(COMPANIES) if rng.random() < 0.85 else None
        self.team = rng.choice(TEAMS) if rng.random() < 0.6 else None

    def some_id(self, rng):
        return self.joined if self.joined and rng.random() < 0.4 else self.name


def event_line(rng, person):
    groups = {}
    if person.company and rng.random() < 0.9:
        groups["company"] = person.company if rng.random() < 0.93 else rng.choice(COMPANIES)
    if person.team and rng.random() < 0.9:
        groups["team"] = person.team
    properties = {}
    if rng.random() < 0.85:
        properties["country"] = rng.choice(COUNTRIES)
    if rng.random() < 0.7:
        amount = rng.randrange(-40, 400) / 4
        properties["amount"] = str(amount) if rng.random() < 0.05 else int(amount) if amount % 1 == 0 else amount
    if rng.random() < 0.6:
        properties["ok"] = rng.random() < 0.7
    if rng.random() < 0.8:
        properties["mixed"] = rng.choice(MIXED)
    if rng.random() < 0.7:
        properties["page"] = {"path": rng.choice(PATHS)}
    if rng.random() < 0.5:
        properties["tags"] = rng.sample(TAGS, rng.randrange(3))
    return {"type": "track", "distinct_id": person.some_id(rng), "event": rng.choices(NAMES, WEIGHTS)[0],
            "groups": groups, "properties": properties}


def group_call(rng, person, key=None):
    kind = "company" if key or rng.random() < 0.7 else "team"
    key = key or rng.choice(COMPANIES if kind == "company" else TEAMS)
    properties = {}
    if kind == "company":
        if rng.random() < 0.7:
            properties["plan"] = rng.choice([*PLANS, None])
        if rng.random() < 0.7:
            properties["seats"] = rng.choice([1, 5, 10, 50])
        if rng.random() < 0.3:
            properties["live"] = rng.random() < 0.5
    elif rng.random() < 0.8:
        properties["region"] = rng.choice(REGIONS)
    line = {"type": "group", "distinct_id": person.some_id(rng), "group_type": kind, "group_key": key}
    return ({**line, "properties": properties} if properties else line), person, kind, key


def identify_call(rng, person):
    properties = {}
    if rng.random() < 0.8:
        properties["role"] = rng.choice([*ROLES, None])
    if rng.random() < 0.6:
        properties["age"] = rng.randrange(18, 30)
    return {"type": "identify", "distinct_id": person.some_id(rng), "properties": properties}, person
