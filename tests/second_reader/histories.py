"""Made-up input lines, from a seed: all kinds, ties, late events, odd names and numbers, repetitions, aliases."""

import json
import random
from datetime import datetime, timedelta, timezone

NAMES = ["ann", "Bob", "user 3", "x" * 400, "émile", "李雷", "😀", "a\u0301", "null",
         "\u2028x", "tab\there", "0", "quote\"\\"]
EVENTS = ["opened", "closed", "feature used", "né", "支払い", "e" * 200, "a.b", "$page"]
PROPERTIES = ["", "plan", "a.b", "ключ", "z", "Z", "0", "💡", "long " * 30, "seats", "tags", "ratio"]
STRINGS = ["", "US", "DE", "ai_chart", "\u0000\u0001\u001f\u007f", "\b\f\n\r\t\"\\/", "\u2028\ufeff", "😀é",
           "x" * 3000]
NUMBERS = [0, -0.0, 1, 1.0, -1, 127, 128, -(2 ** 63), 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1, 2.0 ** 64, 2 ** 70,
           -(2 ** 63) - 2049, 0.5, 0.1, 1e-7, 1e-6, 1e-5, 0.00001234, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e21, 1e23,
           1.5e300, -1e-300, 123456789012345.67, 4503599627370495.5, 9007199254740993, 0.30000000000000004]
YEAR_2026 = datetime(2026, 1, 1, tzinfo=timezone.utc)
OPERATIONS = ["properties", "set_once", "add", "append", "union"]


class History:
    def __init__(self, seed):
        self.random = random.Random(seed)
        roll = self.random
        self.users = roll.sample(NAMES, 8) + [f"user_{i}" for i in range(roll.randint(5, 60))]
        self.events = roll.sample(EVENTS, roll.randint(2, 6))
        self.types = [f"type {i}" for i in range(roll.choice([1, 3, 12]))] + ["компания"]
        self.properties = roll.sample(PROPERTIES, roll.randint(3, 9))
        self.times = [self._time() for _ in range(roll.randint(5, 40))]
        self.cohorts = []

    def lines(self, count):
        """So many input lines. Each is good by itself; some repeat events."""
        roll = self.random
        kinds = [self.track] * 12 + [self.identify] * 3 + [self.group] * 4 + [self.alias] + [self.cohort]
        return [json.dumps(roll.choice(kinds)(), ensure_ascii=roll.random() < 0.3) for _ in range(count)]

    def track(self):
        roll = self.random
        line = {"type": "track", "distinct_id": roll.choice(self.users), "event": roll.choice(self.events),
                "timestamp": self.time()}
        if roll.random() < 0.3:
            line["insert_id"] = roll.choice([f"i{roll.randint(0, 30)}", "é 4", f"{roll.random()}", "y" * 400])
        if roll.random() < 0.7:
            types = roll.sample(self.types, roll.randint(1, min(4, len(self.types))))
            line["groups"] = {group_type: self.key() for group_type in types}
        if roll.random() < 0.9:
            line["properties"] = self.object()
        return line

    def identify(self):
        return {"type": "identify", "distinct_id": self.random.choice(self.users), "timestamp": self.time(),
                **self.operations()}

    def group(self):
        who = {"distinct_id": self.random.choice(self.users)} if self.random.random() < 0.6 else {}
        return {"type": "group", **who, "group_type": self.random.choice(self.types), "group_key": self.key(),
                "timestamp": self.time(), **self.operations()}

    def alias(self):
        joinable = [user for user in self.users if user not in ("null", "0")]
        when = {"timestamp": self.time()} if self.random.random() < 0.5 else {}
        return {"type": "alias", "distinct_id": self.random.choice(joinable), "alias": self.random.choice(joinable),
                **when}

    def cohort(self):
        roll = self.random
        where = {"did": roll.choice(self.events), "times": {"gte": roll.randint(1, 5)}}
        if self.cohorts and roll.random() < 0.4:
            where = {"all": [where, {"cohort": roll.choice(self.cohorts)}]}
            name = f"cohort {len(self.cohorts)}"
        else:
            name = roll.choice(["keen", "ключевые", "x" * 50])
            self.cohorts = [name] if name not in self.cohorts else self.cohorts
        return {"type": "cohort", "name": name, "report": {"where": where, "report": "cohort"}}

    def operations(self):
        roll = self.random
        chosen = {kind: self.object() for kind in OPERATIONS if roll.random() < 0.35}
        for kind in chosen:
            if kind == "add":
                chosen[kind] = {name: roll.choice(NUMBERS) for name in chosen[kind]}
            elif kind != "properties":
                chosen[kind] = {name: value for name, value in chosen[kind].items() if value is not None}
        return {kind: inner for kind, inner in chosen.items() if inner or kind == "properties"}

    def key(self):
        return f"{self.random.choice(['acme-corp', 'globex', 'ключ', 'k'])}{self.random.randint(0, 9)}"

    def object(self):
        return {name: self.value() for name in self.random.sample(self.properties, self.random.randint(0, 3))}

    def value(self, depth=0):
        roll = self.random
        kind = roll.random()
        if kind < 0.1:
            return roll.choice([None, True, False])
        if kind < 0.3:
            return roll.choice(STRINGS)
        if kind < 0.5:
            return roll.choice(NUMBERS)
        if kind < 0.65:
            return roll.randint(-(10 ** roll.randint(1, 18)), 10 ** roll.randint(1, 18))
        if kind < 0.75:
            return roll.uniform(-1, 1) * 10 ** roll.randint(-20, 30)
        if kind < 0.85 or depth > 3:
            return f"value {roll.randint(0, 50)}"
        if kind < 0.92:
            return [self.value(depth + 1) for _ in range(roll.randint(0, 4))]
        if kind < 0.93 and depth == 0:
            deep = roll.choice(NUMBERS)
            for level in range(60):
                deep = [deep] if level % 2 else {"d": deep}
            return deep
        names = roll.sample(PROPERTIES, roll.randint(0, 4))
        return {name: self.value(depth + 1) for name in names}

    def time(self):
        return self.random.choice(self.times)

    def _time(self):
        roll = self.random
        kind = roll.random()
        if kind < 0.1:
            return roll.choice(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z",
                                "1970-01-01T00:00:00Z", "2024-02-29T12:00:00.100Z", "1600-03-01T00:00:00.000001Z"])
        if kind < 0.3:
            return roll.randint(-(10 ** 12), 2 * 10 ** 12)
        moment = YEAR_2026 + timedelta(days=roll.randint(0, 9))
        moment += timedelta(microseconds=roll.choice([0, 1, 86_399_999_999, 500_000]))
        if kind < 0.5:
            moment = moment.astimezone(timezone(timedelta(hours=roll.randint(-12, 14), minutes=30)))
        return moment.isoformat()


def every_value():
    """Lines with each odd string and number, by itself and inside others, sealed and not, of events and calls."""
    for value in [None, True, False, [], {}, *STRINGS, *NUMBERS]:
        for properties in ({"p": value}, {"p": [value, {"q": value}]}):
            yield json.dumps({"type": "track", "distinct_id": "u", "event": "e", "timestamp": 0,
                              "properties": properties})
            yield json.dumps({"type": "identify", "distinct_id": "u", "timestamp": 0, "properties": properties})
        if isinstance(value, (int, float)):
            for start in NUMBERS:
                yield json.dumps({"type": "group", "group_type": "g", "group_key": f"sum {start} + {value}",
                                  "timestamp": 0, "set_once": {"n": start}, "add": {"n": value}})


def wide(seed):
    """Lines of one day with many users and many values: bitmaps and columns of every form."""
    roll, lines = random.Random(seed), []
    for i in range(9000):
        properties = {"integer": i * i - 5000, "text": f"text {i * 31 % 4000}"}
        properties |= {"double": i / 8 + 0.0625} if i % 4 else {"integer 2": 2 ** 62 - i}
        properties |= {"mixed": roll.choice([i + 0.5, i, f"{i}", [i]])} if i % 2 else {"double 2": i / 2}
        lines.append({"type": "track", "distinct_id": f"u{i}", "event": "wide", "timestamp": 1767312000000 + i % 1000,
                      "groups": {"account": f"a{i % 5000}", "team": f"t{i * 7919 % 300}"} if i % 3 else {},
                      "properties": properties, **({"insert_id": f"id {i}"} if i % 5 == 0 else {})})
    roll.shuffle(lines)
    return [json.dumps(line) for line in lines]


def ballast(mark, events, bytes_each=32_000):
    """Lines whose events fill a log."""
    return [json.dumps({"type": "track", "distinct_id": f"ballast {i % 7}", "event": "ballast",
                        "timestamp": 1767312000000 + i, "properties": {"text": mark + "-" * bytes_each}})
            for i in range(events)]
