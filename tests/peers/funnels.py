"""Funnels: how far each unit comes.

Ordered and strict ones are a chain of joins, each step of an attempt taking the earliest event that can fill it.
For those in any order, the most steps that different events can fill is found by counting: it is the least, over all
sets of steps, of the steps outside the set plus the events that fit one inside (the theorem of Hall, as Ore put it).
"""

from itertools import combinations

from case import Case, count_by, coverage, ratio
from clauses import dimension, dimension_columns, matcher, maybe_filter, shown_tuple, some_property
from data import DAY, HOUR, MINUTE
from ranges import some_range

WINDOWS = {"7d": 7 * DAY, "1d": DAY, "36h": 36 * HOUR, "30m": 30 * MINUTE, "3w": 21 * DAY, "1h": HOUR}


def case(rng, engine, calendar, saved):
    by, kind, unit = count_by(rng)
    span = some_range(rng, calendar, ("day", "week"), shortest=10)
    by_start = rng.random() < 0.3
    document = {"report": "funnel", **span.json, **by}
    if not by_start:
        document.pop("interval", None)
        document.pop("week_start", None)
    elif "interval" not in document:
        document["interval"] = "day"
    seen = maybe_filter(rng, engine, saved, 0.25)
    if seen.json:
        document["filter"] = seen.json
    steps = [matcher(rng, engine, saved, ["page_viewed", "feature_used", "invite_sent", "purchase"])
             for _ in range(rng.choice([2, 3, 3, 4]))]
    document["steps"] = [step.json for step in steps]
    window = 14 * DAY
    if rng.random() < 0.8:
        document["window"] = rng.choice(list(WINDOWS))
        window = WINDOWS[document["window"]]
    query = Query(unit, seen.sql, steps, window, span)
    if rng.random() < 0.2:
        document["entry"], query.first_only = "first", True
    if rng.random() < 0.25:
        document["hold"], query.part = held(rng, kind)
    order = rng.random()
    if order < 0.35:
        document["order"] = query.order = "strict" if order < 0.2 else "any"
    elif rng.random() < 0.25:
        first = rng.randrange(1, len(steps))
        last = rng.randrange(first + 1, len(steps) + 1)
        excluded = matcher(rng, engine, saved, ["refunded", "signup", "upgraded"])
        document["exclude"] = [{"event": excluded.json, "from": first, "to": last}]
        query.excluded = (excluded.sql, first, last)
    query.by_start = by_start
    if rng.random() < 0.35:
        query.dimensions = [dimension(rng, saved) for _ in range(rng.choice([1, 1, 2]))]
        document["breakdown"] = [one.json for one in query.dimensions]
        if rng.random() < 0.7:
            document["limit"] = query.limit = rng.choice([1, 2, 3])
    return Case(document, query.answer)


def held(rng, kind):
    """By what the events of a unit are split: the fragment, and an expression that is null where there is no value."""
    if kind != "user" and rng.random() < 0.6:
        return "user", "usr"
    prop = some_property(rng, [("event", name) for name in ("country", "ok", "mixed", "page_path", "tags")])
    text, number, truth = (f"{prop.column}_{form}" for form in ("s", "n", "b"))
    return prop.json, (
        f"CASE WHEN {text} IS NOT NULL THEN 's' || {text} WHEN {number} IS NOT NULL THEN 'n' || {number} "
        f"WHEN {truth} IS NOT NULL THEN 'b' || {truth} END")


class Query:
    def __init__(self, unit, seen, steps, window, span):
        self.unit, self.seen, self.steps, self.window, self.span = unit, seen, steps, window, span
        self.part, self.order, self.first_only, self.by_start = "''", "ordered", False, False
        self.excluded, self.dimensions, self.limit = None, [], 10

    def attempts(self):
        """CTEs up to `attempt` (unit, level, o1, t1, t2, …, columns of the breakdown): every attempt, whole."""
        expressions, names = dimension_columns(self.dimensions)
        marks = "".join(f", CASE WHEN {step.sql} THEN 1 ELSE 0 END AS m{k}" for k, step in enumerate(self.steps, 1))
        mark_excluded = f", CASE WHEN {self.excluded[0]} THEN 1 ELSE 0 END AS mx" if self.excluded else ""
        ctes = [f"e AS (SELECT ord, ts, {self.unit} AS unit, {self.part} AS part{marks}{mark_excluded}"
                f"{''.join(', ' + one for one in expressions)} FROM ev WHERE {self.seen} AND {self.unit} IS NOT NULL "
                f"AND {self.part} IS NOT NULL)",
                f"a1 AS (SELECT unit, part, ord AS o1, ts AS t1{''.join(', ' + name for name in names)} "
                f"FROM e WHERE {self.opens()} AND {self.span.within})"]
        return "WITH " + ", ".join(ctes + (self.covered() if self.order == "any" else self.chained()))

    def opens(self):
        return self.fits_one_of(range(1, len(self.steps) + 1)) if self.order == "any" else "m1 = 1"

    def fits_one_of(self, steps, row=""):
        return "(" + " OR ".join(f"{row}m{k} = 1" for k in steps) + ")"

    def covered(self):
        """In any order: the steps that could be filled after each event of a window, and when there were how many."""
        every = range(1, len(self.steps) + 1)
        sets = [chosen for size in every for chosen in combinations(every, size)]
        counts = [f"{len(self.steps) - len(chosen)} + count(CASE WHEN {self.fits_one_of(chosen, 'e.')} THEN 1 END) "
                  "OVER (PARTITION BY a.o1 ORDER BY e.ord)" for chosen in sets]
        times = ", ".join(f"min(CASE WHEN filled >= {k} THEN ts END) AS t{k}" for k in every[1:])
        return [f"f AS (SELECT a.o1 AS o1, e.ts AS ts, least({len(self.steps)}, {', '.join(counts)}) AS filled "
                f"FROM a1 AS a JOIN e ON e.unit = a.unit AND e.part = a.part "
                f"WHERE e.ord >= a.o1 AND e.ts <= a.t1 + {self.window} "
                f"AND {self.fits_one_of(every, 'e.')})",
                f"reached AS (SELECT o1, max(filled) AS level, {times} FROM f GROUP BY o1)",
                "attempt AS (SELECT a1.*, reached.* EXCLUDE (o1) FROM a1 JOIN reached ON reached.o1 = a1.o1)"]

    def chained(self):
        ctes = []
        for k in range(2, len(self.steps) + 1):
            fits = "1 = 1" if self.order == "strict" else f"e.m{k} = 1 AND e.ts <= a.t1 + {self.window}"
            # Of a strict funnel the next event, whatever it is, and then whether it fits.
            ctes.append(f"n{k} AS (SELECT a.o1 AS o1, min(e.ord) AS o FROM a{k - 1} AS a JOIN e ON e.unit = a.unit "
                        f"AND e.part = a.part WHERE e.ord > a.o{k - 1} AND {fits} GROUP BY a.o1)")
            ctes.append(f"f{k} AS (SELECT n{k}.o1 AS o1, e.ord AS o, e.ts AS t FROM n{k} JOIN e ON e.ord = n{k}.o "
                        f"JOIN a1 ON a1.o1 = n{k}.o1 WHERE e.m{k} = 1 AND e.ts <= a1.t1 + {self.window})")
            ctes.append(f"a{k} AS (SELECT a.*, f{k}.o AS o{k}, f{k}.t AS t{k} FROM a{k - 1} AS a "
                        f"LEFT JOIN f{k} ON f{k}.o1 = a.o1)")
        level = " + ".join(["1", *(f"CASE WHEN o{k} IS NULL THEN 0 ELSE 1 END" for k in range(2, len(self.steps) + 1))])
        source = f"a{len(self.steps)}"
        if self.excluded:
            _, first, last = self.excluded
            ctes.append(f"stopped AS (SELECT DISTINCT a.o1 AS o1 FROM {source} AS a JOIN e ON e.unit = a.unit "
                        f"AND e.part = a.part WHERE e.mx = 1 AND e.ord > a.o{first} AND e.ord < a.o{last})")
            level = f"CASE WHEN o1 IN (SELECT o1 FROM stopped) THEN {last - 1} ELSE {level} END"
        ctes.append(f"attempt AS (SELECT *, {level} AS level FROM {source})")
        return ctes

    def answer(self, engine):
        _, names = dimension_columns(self.dimensions)
        order = "o1" if self.first_only else "level DESC, o1"
        ctes = (f"{self.attempts()}, numbered AS (SELECT *, row_number() OVER (PARTITION BY unit ORDER BY {order}) "
                "AS nth FROM attempt), best AS (SELECT * FROM numbered WHERE nth = 1)")
        matched = " OR ".join(step.sql for step in self.steps)
        looked_at = coverage(engine, self.unit, self.seen, self.span.within, matched)
        if not self.dimensions:
            return {**self.numbers(engine, ctes, "1 = 1"), "coverage": looked_at}
        listed = ", ".join(names)
        ctes += (f", ranked AS (SELECT {listed}, row_number() OVER (ORDER BY units DESC, {listed}) - 1 AS rank FROM "
                 f"(SELECT {listed}, count(*) AS units FROM best GROUP BY {listed}) AS c)")
        tuples = engine.rows(f"{ctes} SELECT {listed}, rank FROM ranked ORDER BY rank")
        series = []
        for row in tuples[:self.limit]:
            same = f"({listed}) IN (SELECT {listed} FROM ranked WHERE rank = {row[-1]})"
            series.append({"breakdown": shown_tuple(row[:-1]), **self.numbers(engine, ctes, same)})
        if len(tuples) > self.limit:
            others = f"({listed}) NOT IN (SELECT {listed} FROM ranked WHERE rank < {self.limit})"
            series.append({"breakdown": [], "other": True, **self.numbers(engine, ctes, others)})
        return {"series": series, "coverage": looked_at}

    def numbers(self, engine, ctes, which):
        shown = {"steps": self.step_rows(engine, ctes, which)}
        if self.by_start:
            shown["by_start"] = self.starts(engine, ctes, which)
        return shown

    def step_rows(self, engine, ctes, which):
        rows, first, before = [], None, None
        for k in range(1, len(self.steps) + 1):
            count, median, average = self.step_row(engine, ctes, which, k)
            first = count if k == 1 else first
            rows.append({"count": count, "from_previous": 1 if k == 1 else ratio(count, before),
                         "overall": 1 if k == 1 else ratio(count, first),
                         "median_seconds": median, "average_seconds": average})
            before = count
        return rows

    def step_row(self, engine, ctes, which, k):
        taken = "0" if k == 1 else f"t{k} - t{k - 1}"
        [(count, total, low, high)] = engine.rows(
            f"{ctes}, took AS (SELECT {taken} AS d, row_number() OVER (ORDER BY {taken}, unit) AS nth, "
            f"count(*) OVER () AS n FROM best WHERE level >= {k} AND {which}) "
            "SELECT count(*), CAST(sum(d) AS BIGINT), max(CASE WHEN nth = (n + 1) // 2 THEN d END), "
            "max(CASE WHEN nth = (n + 2) // 2 THEN d END) FROM took")
        if k == 1 or count == 0:
            return count, None, None
        return count, (low + high) / 2_000_000, total / (count * 1_000_000)

    def starts(self, engine, ctes, which):
        """The units of each bucket by the best level of their attempts that start there."""
        attempts = "best" if self.first_only else "attempt"
        rows = engine.rows(
            f"{ctes}, b AS ({self.span.table()}), started AS (SELECT i, unit, max(level) AS level FROM {attempts}, b "
            f"WHERE t1 >= b.lo AND t1 < b.hi AND {which} GROUP BY i, unit) "
            "SELECT i, level, count(*) FROM started GROUP BY i, level")
        labels = self.span.labels()
        counts = [[sum(n for i, level, n in rows if i == bucket and level >= k) for bucket in range(len(labels))]
                  for k in range(1, len(self.steps) + 1)]
        return {"buckets": labels, "counts": counts}
