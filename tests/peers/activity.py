"""Stickiness and lifecycle. DuckDB joins rows, ClickHouse walks arrays of buckets."""

from case import Case, count_by, coverage, filled
from clauses import matcher, maybe_filter
from ranges import some_range


def stickiness(rng, engine, calendar, saved):
    return activity_case(rng, engine, calendar, saved, Stickiness)


def lifecycle(rng, engine, calendar, saved):
    return activity_case(rng, engine, calendar, saved, Lifecycle)


def activity_case(rng, engine, calendar, saved, query):
    by, _, unit = count_by(rng)
    span = some_range(rng, calendar, shortest=5)
    document = {"report": query.word, **span.json, **by}
    seen = maybe_filter(rng, engine, saved, 0.3)
    if seen.json:
        document["filter"] = seen.json
    event = matcher(rng, engine, saved)
    document["event"] = event.json
    return Case(document, query(unit, seen.sql, event.sql, span).answer)


class Activity:
    def __init__(self, unit, seen, event, span):
        self.unit, self.seen, self.event, self.span = unit, seen, event, span
        self.events = f"SELECT {unit} AS unit, ts FROM ev WHERE {seen} AND {unit} IS NOT NULL AND {event}"

    def coverage(self, engine):
        return coverage(engine, self.unit, self.seen, self.span.within, self.event)

    def place(self):
        """ClickHouse: in which bucket an instant of the range lies."""
        return f"arrayLastIndex(edge -> edge <= ts, {[lo for lo, _, _ in self.span.buckets]}) - 1"


class Stickiness(Activity):
    word = "stickiness"

    def answer(self, engine):
        if engine.name == "duckdb":
            rows = engine.rows(f"""
                WITH b AS ({self.span.table()}),
                days AS (SELECT unit, count(DISTINCT i) AS n FROM b JOIN ({self.events} AND {self.span.within}) AS e
                         ON e.ts >= b.lo AND e.ts < b.hi GROUP BY unit)
                SELECT n - 1, count(*) FROM days GROUP BY n""")
        else:
            rows = engine.rows(f"""
                SELECT length(places) - 1 AS n, count() FROM (
                    SELECT unit, groupUniqArray({self.place()}) AS places
                    FROM ({self.events} AND {self.span.within}) AS e GROUP BY unit) AS u GROUP BY n""")
        intervals = len(self.span.buckets)
        return {"counts": filled(intervals, rows), "intervals": intervals, "coverage": self.coverage(engine)}


class Lifecycle(Activity):
    word = "lifecycle"
    STATES = ["new", "returning", "resurrecting", "dormant"]

    def answer(self, engine):
        rows = (self.joined if engine.name == "duckdb" else self.walked)(engine)
        count = len(self.span.buckets)
        answer = {"buckets": self.span.labels()}
        for state in self.STATES:
            answer[state] = filled(count, [(i, n) for i, which, n in rows if which == state])
        return {**answer, "coverage": self.coverage(engine)}

    def before(self):
        """Instants of the bucket before the first, which is looked at whole."""
        first = self.span.buckets[0][0] if self.span.buckets else 0
        earlier = f"zone = '{self.span.zone}' AND size = '{self.span.size}' AND lo < {first}"
        return f"(SELECT max(lo) FROM bucket WHERE {earlier})", first

    def joined(self, engine):
        lo, hi = self.before()
        return engine.rows(f"""
            WITH b AS ({self.span.table()}), e AS ({self.events}),
            active AS (SELECT DISTINCT i, unit FROM b JOIN e ON e.ts >= b.lo AND e.ts < b.hi WHERE {self.span.within}
                       UNION SELECT -1, unit FROM e WHERE ts >= {lo} AND ts < {hi}),
            firsts AS (SELECT i, unit FROM b JOIN (SELECT unit, min(ts) AS ts FROM e GROUP BY unit) AS f
                       ON f.ts >= b.lo AND f.ts < b.hi WHERE {self.span.within})
            SELECT a.i, CASE WHEN f.unit IS NOT NULL THEN 'new' WHEN p.unit IS NOT NULL THEN 'returning'
                             ELSE 'resurrecting' END AS state, count(*)
            FROM active AS a LEFT JOIN active AS p ON p.unit = a.unit AND p.i = a.i - 1
            LEFT JOIN firsts AS f ON f.unit = a.unit AND f.i = a.i WHERE a.i >= 0 GROUP BY 1, 2
            UNION ALL
            SELECT p.i + 1, 'dormant', count(*) FROM active AS p
            WHERE p.i + 1 < {len(self.span.buckets)}
            AND NOT EXISTS (SELECT 1 FROM active AS a WHERE a.unit = p.unit AND a.i = p.i + 1)
            GROUP BY p.i + 1""")

    def walked(self, engine):
        lo, hi = self.before()
        count = len(self.span.buckets)
        return engine.rows(f"""
            WITH units AS (
                SELECT unit, min(ts) AS first, groupUniqArrayIf({self.place()}, {self.span.within}) AS inside,
                       max(ts >= {lo} AND ts < {hi}) AS led_in,
                       if(led_in, arrayPushBack(inside, -1), inside) AS places,
                       if(first >= {self.span.start} AND first < {self.span.end},
                          arrayLastIndex(edge -> edge <= first, {[b[0] for b in self.span.buckets]}) - 1, -2) AS born
                FROM ({self.events}) AS e GROUP BY unit)
            SELECT i, multiIf(NOT has(places, i), 'dormant', born = i, 'new', has(places, i - 1), 'returning',
                              'resurrecting') AS state, count()
            FROM units ARRAY JOIN range(0, {count}) AS i
            WHERE has(places, i) OR has(places, i - 1)
            GROUP BY i, state""")
