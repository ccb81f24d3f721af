"""Trends: measures per calendar bucket, broken down, cumulative, compared."""

from datetime import timedelta

from case import Case, count_by, coverage, filled
from clauses import dimension, dimension_columns, matcher, maybe_filter, shown_tuple
from data import HOUR
from ranges import moved_back, some_range

EMPTY = {"unique": 0, "total": 0, "sum": 0, "active": 0}  # what a measure of nothing is; the others are null
NUMBERS = ["amount", "amount", "mixed"]
PERCENTILES = [(1, 2, 0.5), (9, 10, 0.9), (1, 4, 0.25), (0, 1, 0), (1, 1, 1), (99, 100, 0.99)]


def case(rng, engine, calendar, saved):
    by, _, unit = count_by(rng)
    compared, wants_active = rng.random() < 0.25, rng.random() < 0.12
    sizes = ("day", "day", "week", "month") if compared or wants_active else ("day", "day", "week", "month", "hour")
    span = some_range(rng, calendar, sizes, midnights=compared or wants_active, shortest=5)
    seen = maybe_filter(rng, engine, saved)
    document = {"report": "trends", **span.json, **by, "series": []}
    if seen.json:
        document["filter"] = seen.json
    series = [Series(rng, engine, saved, wants_active and i == 0) for i in range(rng.choice([1, 2, 3]))]
    document["series"] = [one.json for one in series]
    dimensions, limit = [], 10
    if rng.random() < 0.5:
        only = [("event", "country")] if wants_active else None
        dimensions = [dimension(rng, saved, only) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        document["breakdown"] = [one.json for one in dimensions]
        if rng.random() < 0.7:
            document["limit"] = limit = rng.choice([1, 2, 3, 5])
    by_total = bool(dimensions) and series[0].kind in ("unique", "total") and rng.random() < 0.5
    if by_total:
        document["rank_by"] = "total"
    cumulative = not wants_active and rng.random() < 0.2
    if cumulative:
        document["cumulative"] = True
    before = None
    if compared:
        document["compare"], before = "previous", moved_back(span, calendar)
    query = Query(unit, seen.sql, series, dimensions, limit, by_total, cumulative, calendar)
    return Case(document, lambda engine: query.answer(engine, span, before))


class Series:
    def __init__(self, rng, engine, saved, active):
        self.matcher = matcher(rng, engine, saved)
        self.label = f"series {rng.randrange(1000)}"
        self.kind = "active" if active else rng.choice(
            ["unique", "unique", "total", "per_unit", "sum", "avg", "min", "max", "percentile"])
        self.value = "0.0"
        measure = self.kind
        if self.kind == "active":
            self.window = rng.choice(["7d", "7d", "1d", "2w", "36h"])
            measure = {"active": self.window}
        elif self.kind == "percentile":
            self.part, self.whole, p = rng.choice(PERCENTILES)
            name = rng.choice(NUMBERS)
            measure, self.value = {"percentile": [name, p]}, f"event_{name}_n"
        elif self.kind in ("sum", "avg", "min", "max"):
            name = rng.choice(NUMBERS)
            measure, self.value = {self.kind: name}, f"event_{name}_n"
        self.json = {"event": self.matcher.json, "measure": measure, "label": self.label}
        if measure == "unique" and rng.random() < 0.5:
            del self.json["measure"]

    def measured(self, engine):
        """The measure over hits (unit, x) as an SQL aggregate."""
        if self.kind in ("unique", "active"):
            return "count(DISTINCT unit)"
        if self.kind == "total":
            return "count(*)"
        if self.kind == "per_unit":
            return "count(*) / count(DISTINCT unit)"
        if self.kind == "sum":
            return "coalesce(sum(x), 0)"
        some = {"avg": "sum(x) / count(x)", "min": "min(x)", "max": "max(x)"}.get(self.kind)
        if self.kind == "percentile":
            rank = engine.div(f"({self.part} * count(x) + {self.whole - 1})", self.whole)
            some = engine.nth_smallest("x", f"greatest(1, {rank})")
        return f"CASE WHEN count(x) > 0 THEN {some} END"

    def empty(self):
        return EMPTY.get(self.kind)


class Query:
    def __init__(self, unit, seen, series, dimensions, limit, by_total, cumulative, calendar):
        self.unit, self.seen, self.series, self.limit, self.by_total = unit, seen, series, limit, by_total
        self.cumulative, self.calendar = cumulative, calendar
        self.dimensions = dimensions
        self.expressions, self.names = dimension_columns(dimensions)

    def answer(self, engine, span, before):
        matched = " OR ".join(one.matcher.sql for one in self.series)
        ranks, other = self.ranking(engine, span)
        series = []
        for one in self.series:
            now = self.numbers(engine, one, span, span)
            then = self.numbers(engine, one, before, span) if before else None
            places = range(len(ranks) + other) if self.dimensions else [0]
            for place in places:
                is_other = bool(self.dimensions) and place == len(ranks)
                shown = {"label": one.label, "breakdown": ranks[place] if self.dimensions and not is_other else []}
                shown |= now(place)
                if is_other:
                    shown["other"] = True
                if before:
                    shown["previous"] = then(place)
                series.append(shown)
        answer = {"buckets": span.labels(), "series": series,
                  "coverage": coverage(engine, self.unit, self.seen, span.within, matched)}
        if before:
            answer["previous_buckets"] = before.labels()
        return answer

    # -------------------------------------------------------------------------------- breakdown

    def ranking(self, engine, span):
        """The tuples shown, and whether there are others."""
        if not self.dimensions:
            return [], False
        rows = engine.rows(f"{self.ranked(span)} SELECT {', '.join(self.names)}, rank FROM ranked "
                           f"WHERE rank <= {self.limit} ORDER BY rank")
        return [shown_tuple(row[:-1]) for row in rows[:self.limit]], len(rows) > self.limit

    def ranked(self, span):
        """By the events of all series; by total, by the first series, which counts them or their units."""
        hits = " UNION ALL ".join(
            f"SELECT {', '.join(self.expressions)}, {self.unit} AS unit, {place} AS series FROM ev "
            f"WHERE {self.seen} AND {self.unit} IS NOT NULL AND {span.within} AND ({one.matcher.sql})"
            for place, one in enumerate(self.series))
        names = ", ".join(self.names)
        best = "count(*)"
        if self.by_total:
            first = "CASE WHEN series = 0 THEN unit END"
            best = f"count(DISTINCT {first})" if self.series[0].kind == "unique" else f"count({first})"
        return (f"WITH counted AS (SELECT {names}, {best} AS best FROM ({hits}) AS h GROUP BY {names}), ranked AS "
                f"(SELECT {names}, row_number() OVER (ORDER BY best DESC, {names}) - 1 AS rank FROM counted)")

    # -------------------------------------------------------------------------------- numbers

    def numbers(self, engine, one, span, ranked_over):
        """A function from a place in the ranking to `values` and `total`."""
        measured = one.measured(engine)
        before_start = "" if one.kind == "active" else f"ts >= {span.start} AND "
        hits = (f"SELECT {', '.join(['ts', f'{self.unit} AS unit', f'{one.value} AS x', *self.expressions])} FROM ev "
                f"WHERE {before_start}ts < {span.end} AND {self.seen} AND {self.unit} IS NOT NULL "
                f"AND ({one.matcher.sql})")
        if self.dimensions:
            on = " AND ".join(f"h.{name} = r.{name}" for name in self.names)
            ctes = (f"{self.ranked(ranked_over)}, h AS ({hits}), "
                    f"r AS (SELECT * FROM ranked WHERE rank < {self.limit}), "
                    f"hit AS (SELECT h.ts AS ts, h.unit AS unit, h.x AS x, coalesce(r.rank, {self.limit}) AS place "
                    f"FROM h LEFT JOIN r ON {on})")
        else:
            ctes = f"WITH hit AS (SELECT ts, unit, x, 0 AS place FROM ({hits}) AS h)"
        rows = engine.rows(f"{ctes}, b AS ({self.windows(one, span)}) SELECT i, place, {measured} AS value "
                           "FROM b, hit WHERE ts >= b.lo AND ts < b.hi GROUP BY i, place")
        first, last = self.whole(one, span)
        totals = engine.rows(f"{ctes} SELECT place, {measured} AS value FROM hit "
                             f"WHERE ts >= {first} AND ts < {last} GROUP BY place")

        def at(place):
            cells = [(i, value) for i, where, value in rows if where == place]
            return {"values": filled(len(span.buckets), cells, one.empty()),
                    "total": dict(totals).get(place, one.empty())}
        return at

    def windows(self, one, span):
        """(i, lo, hi): the time that each value looks at."""
        if one.kind == "active":
            ends = [min(hi, span.end) for _, hi, _ in span.buckets]
            return " UNION ALL ".join(f"SELECT {i} AS i, {self.window_start(span, end, one.window)} AS lo, {end} AS hi"
                                      for i, end in enumerate(ends))
        if self.cumulative:
            return f"SELECT i, {span.start} AS lo, hi FROM ({span.table()}) AS t"
        return span.table()

    def whole(self, one, span):
        return (self.window_start(span, span.end, one.window) if one.kind == "active" else span.start), span.end

    def window_start(self, span, end, window):
        """Where a window begins that ends at a midnight: hours are exact, days and weeks those of the calendar."""
        count, word = int(window[:-1]), window[-1]
        if word == "h":
            return end - count * HOUR
        day = self.calendar.day_of(span.zone, end) - timedelta(days=count * {"d": 1, "w": 7}[word])
        return self.calendar.midnight(span.zone, day)
