"""Cohorts: units by what they did and are. Conditions are sets of units, combined."""

from case import Case, count_by
from clauses import Clause, matcher, maybe_filter, own_property, quoted, test_of
from data import COMPANIES, TEAMS, START, DAYS, rfc3339, micros
from ranges import some_range
from schema import SUBJECTS

TIMES = [{"gte": 2}, {"gte": 3, "lt": 6}, {"is": 1}, {"gt": 4}, {"lte": 1}, {"lt": 3}, {"is": 0}, {}]
SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "is": "="}
BASE = [
    ("viewers", "user", {"did": "page_viewed", "times": {"gte": 5}}),
    ("buyers", "user", {"any": [{"did": "purchase", "times": {"gte": 3}}, {"did": "upgraded"}]}),
    ("inviting", "company", {"did": "invite_sent", "times": {"gte": 4}}),
]


def saved_documents():
    """The cohorts that the workspace keeps, as (name, kind, document)."""
    counted = {"user": {}, "company": {"count_by": {"group": "company"}}}
    return [(name, kind, {"report": "cohort", **counted[kind], "where": where}) for name, kind, where in BASE]


def make_saved(engine):
    """A table `saved_NAME (unit)` for each of them."""
    for name, kind, where in BASE:
        tests = where.get("any", [where])
        least = [(one["did"], one.get("times", {"gte": 1})["gte"]) for one in tests]
        having = " OR ".join(f"count(CASE WHEN name = '{event}' THEN 1 END) >= {times}" for event, times in least)
        unit = SUBJECTS[kind]
        engine.make(f"saved_{name}",
                    f"SELECT {unit} AS unit FROM ev WHERE {unit} IS NOT NULL GROUP BY {unit} HAVING {having}")


def case(rng, engine, calendar, saved):
    by, kind, unit = count_by(rng)
    document = {"report": "cohort", **by}
    start, end = None, None
    if rng.random() < 0.5:
        span = some_range(rng, calendar, ("day",), shortest=10)
        document.update({k: v for k, v in span.json.items() if k != "interval"})
        start, end = span.start, span.end
    seen = maybe_filter(rng, engine, saved, 0.25)
    if seen.json:
        document["filter"] = seen.json
    query = Query(rng, engine, saved, kind, unit, seen.sql, start, end)
    where = query.standing() if rng.random() < 0.3 else query.condition(2)
    document["where"] = where.json
    document["limit"] = limit = rng.choice([5, 100, 1000])
    return Case(document, lambda engine: query.answer(engine, where.sql, limit))


class Query:
    """Conditions are tests on `u`, a row of the universe; what they look at is kept for the coverage."""

    def __init__(self, rng, engine, saved, kind, unit, seen, start, end):
        self.rng, self.engine, self.saved, self.kind, self.unit, self.seen = rng, engine, saved, kind, unit, seen
        self.start, self.end, self.looked_at = start, end, []

    def condition(self, depth):
        rng = self.rng
        pick = rng.random()
        if depth and pick < (0.75 if depth == 2 else 0.25):
            word = rng.choice(["all", "any"])
            parts = [self.condition(depth - 1) for _ in range(rng.choice([2, 2, 3]))]
            sign = " AND " if word == "all" else " OR "
            return Clause({word: [part.json for part in parts]}, "(" + sign.join(part.sql for part in parts) + ")")
        if depth and pick < (0.8 if depth == 2 else 0.35):
            part = self.condition(depth - 1)
            return Clause({"not": part.json}, f"NOT {part.sql}")
        return rng.choice([self.did, self.did, self.did, self.first_did, self.property, self.standing, self.standing])()

    def within(self, document):
        """Adds bounds of its own to a condition now and then; without them the document's hold."""
        start, end = self.start, self.end
        low = micros(START)
        if self.rng.random() < 0.3:
            start = low + self.rng.randrange(DAYS // 2) * 86_400_000_000
            document["from"] = rfc3339(start)
            if end is not None and end < start:
                end = start
                document["to"] = rfc3339(end)
        if self.rng.random() < 0.2:
            end = low + self.rng.randrange(DAYS // 2, DAYS) * 86_400_000_000
            end = max(end, start or end)
            document["to"] = rfc3339(end)
        bounds = [f"ts >= {start}"] * (start is not None) + [f"ts < {end}"] * (end is not None)
        return " AND ".join(bounds) or "1 = 1"

    def did(self):
        event = matcher(self.rng, self.engine, self.saved)
        times = self.rng.choice(TIMES)
        document = {"did": event.json, **({"times": times} if times else {})}
        within = self.within(document)
        self.looked_at.append(f"({event.sql} AND {within})")
        tests = {SIGNS[word]: n for word, n in (times or {"gte": 1}).items()}
        passes = " AND ".join(f"count(*) {sign} {n}" for sign, n in tests.items())
        doers = f"SELECT {self.unit} FROM ev WHERE {self.seen} AND {self.unit} IS NOT NULL AND {event.sql} AND {within}"
        sql = f"u.unit IN ({doers} GROUP BY {self.unit} HAVING {passes})"
        if all({">": 0 > n, ">=": 0 >= n, "<": 0 < n, "<=": 0 <= n, "=": 0 == n}[sign] for sign, n in tests.items()):
            sql = f"({sql} OR u.unit NOT IN ({doers}))"
        return Clause(document, sql)

    def first_did(self):
        event = matcher(self.rng, self.engine, self.saved)
        document = {"first_did": event.json}
        within = self.within(document)
        self.looked_at.append(f"({event.sql} AND {within})")
        first = within.replace("ts", "min(ts)")
        return Clause(document, f"u.unit IN (SELECT {self.unit} FROM ev WHERE {self.seen} AND {self.unit} IS NOT NULL "
                                f"AND {event.sql} GROUP BY {self.unit} HAVING {first})")

    def property(self):
        return test_of(self.rng, self.engine, own_property(self.rng, self.kind))

    def standing(self):
        """In a saved cohort, or by who belongs to which key."""
        rng = self.rng
        same = [name for name, kind in self.saved if kind == self.kind]
        users = [name for name, kind in self.saved if kind == "user"]
        if same and rng.random() < 0.3:
            name = rng.choice(same)
            return Clause({"cohort": name}, f"u.unit IN (SELECT unit FROM saved_{name})")
        if self.kind != "user":
            name = rng.choice(users)
            return Clause({"has_member_in": {"cohort": name}},
                          f"u.unit IN (SELECT grp FROM member WHERE kind = '{self.kind}' "
                          f"AND usr IN (SELECT unit FROM saved_{name}))")
        if rng.random() < 0.3:
            name, kind = rng.choice([one for one in self.saved if one[1] != "user"])
            named, keys = {"cohort": name}, f"SELECT unit FROM saved_{name}"
        else:
            kind, every = rng.choice([("company", COMPANIES), ("team", TEAMS)])
            some = rng.sample(every, 6)
            named, keys = {"group": kind, "key": some}, ", ".join(map(quoted, some))
        return Clause({"member_of": named},
                      f"u.unit IN (SELECT usr FROM member WHERE kind = '{kind}' AND grp IN ({keys}))")

    def answer(self, engine, where, limit):
        rows = engine.rows(f"SELECT u.unit FROM all_{self.kind} AS u WHERE {where} ORDER BY u.unit")
        members = [unit for unit, in rows]
        matched, without = engine.row(
            f"SELECT count(*), count(CASE WHEN {self.unit} IS NULL THEN 1 END) FROM ev "
            f"WHERE {self.seen} AND ({' OR '.join(self.looked_at) or '1 = 0'})")
        return {"size": len(members), "members": members[:limit], "more": len(members) > limit,
                "coverage": {"matched": matched, "without_group": without}}
