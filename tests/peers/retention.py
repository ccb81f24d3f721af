"""Retention: who comes back in the periods after a start. DuckDB joins rows, ClickHouse walks arrays of periods."""

from case import Case, count_by, coverage
from clauses import matcher, maybe_filter
from ranges import some_range


def case(rng, engine, calendar, saved):
    by, _, unit = count_by(rng)
    span = some_range(rng, calendar, ("day", "week", "week", "month", "hour"), shortest=12)
    document = {"report": "retention", **span.json, **by}
    seen = maybe_filter(rng, engine, saved, 0.3)
    if seen.json:
        document["filter"] = seen.json
    start = matcher(rng, engine, saved)
    back, document["start"] = start, start.json
    if rng.random() < 0.6:
        back = matcher(rng, engine, saved)
        document["return"] = back.json
    periods = 12
    if rng.random() < 0.7:
        document["periods"] = periods = rng.choice([1, 3, 5, 8])
    document["mode"] = mode = rng.choice(["first_time", "recurring"])
    bound = rng.choice(["on", "on_or_after"])
    if bound != "on" or rng.random() < 0.5:
        document["bound"] = bound
    query = Query(unit, seen.sql, start.sql, back.sql, periods, mode, bound, span)
    return Case(document, query.answer)


class Query:
    def __init__(self, unit, seen, start, back, periods, mode, bound, span):
        self.unit, self.seen, self.start, self.back = unit, seen, start, back
        self.periods, self.mode, self.bound, self.span = periods, mode, bound, span

    def answer(self, engine):
        count = len(self.span.buckets)
        cells = {(c, k): n for c, k, n in (self.joined if engine.name == "duckdb" else self.walked)(engine)}
        rows = []
        for c, label in enumerate(self.span.labels()):
            values = [cells.get((c, k), 0) if c + k < count else None for k in range(self.periods)]
            rows.append({"period": label, "size": cells.get((c, -1), 0), "values": values})
        mean = []
        for k in range(self.periods):
            known = [row for row in rows if row["values"][k] is not None]
            size = sum(row["size"] for row in known)
            mean.append(sum(row["values"][k] for row in known) / size if size else None)
        looked_at = coverage(engine, self.unit, self.seen, self.span.within, f"{self.start} OR {self.back}")
        return {"rows": rows, "mean": mean, "coverage": looked_at}

    def events(self, which):
        return f"SELECT {self.unit} AS unit, ts FROM ev WHERE {self.seen} AND {self.unit} IS NOT NULL AND {which}"

    def starts(self):
        if self.mode == "recurring":
            return f"{self.events(self.start)} AND {self.span.within}"
        firsts = f"SELECT unit, min(ts) AS ts FROM ({self.events(self.start)}) AS s GROUP BY unit"
        return f"SELECT unit, ts FROM ({firsts}) AS f WHERE {self.span.within}"

    def joined(self, engine):
        """(cohort, k, units): k = -1 is the cohort's size."""
        later = ">=" if self.bound == "on_or_after" else "="
        return engine.rows(f"""
            WITH b AS ({self.span.table()}),
            cohort AS (SELECT DISTINCT i, unit FROM b JOIN ({self.starts()}) AS s ON s.ts >= b.lo AND s.ts < b.hi),
            came AS (SELECT DISTINCT i, unit FROM b JOIN ({self.events(self.back)} AND {self.span.within}) AS r
                     ON r.ts >= b.lo AND r.ts < b.hi)
            SELECT i, -1, count(*) FROM cohort GROUP BY i
            UNION ALL
            SELECT cohort.i, k, count(DISTINCT cohort.unit) FROM cohort, range({self.periods}) AS p(k), came
            WHERE came.unit = cohort.unit AND came.i {later} cohort.i + k GROUP BY cohort.i, k""")

    def walked(self, engine):
        """The same from one row per unit: the sorted periods of its starts and of its returns."""
        edges = [lo for lo, _, _ in self.span.buckets]
        place = f"arrayLastIndex(edge -> edge <= ts, {edges}) - 1"
        reached = "arrayMax(came) >= c + k" if self.bound == "on_or_after" else "has(came, c + k)"
        return engine.rows(f"""
            WITH units AS (
                SELECT unit, groupUniqArrayIf(p, is_start = 1) AS began, groupUniqArrayIf(p, is_start = 0) AS came
                FROM (SELECT unit, {place} AS p, 1 AS is_start FROM ({self.starts()}) AS s
                      UNION ALL
                      SELECT unit, {place} AS p, 0 AS is_start
                      FROM ({self.events(self.back)} AND {self.span.within}) AS r) AS both
                GROUP BY unit)
            SELECT c, k, count() FROM units ARRAY JOIN began AS c
            ARRAY JOIN range(-1, {self.periods}) AS k
            WHERE k = -1 OR (notEmpty(came) AND {reached})
            GROUP BY c, k""")
