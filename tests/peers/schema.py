"""The tables that the peers' queries read, made from plain rows by SQL that both engines understand.

`ev` is one row per event with everything that a document may ask about it:
`ord`, its place in (timestamp, arrival) order among events and calls, and for each property the columns
SUBJECT_PROPERTY_s, _n, _b (string, number, boolean); properties of users and keys twice, as SUBJECT_now_... and
SUBJECT_then_... (in force at the event). `all_KIND` is the universe of units with their properties now,
`member` who belongs to which key, `bucket` the calendar of each zone.
"""

from data import PROPERTIES, START, DAY, DAYS, micros

ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "America/Havana",
         "Asia/Kathmandu"]
SUBJECTS = {"user": "usr", "company": "company", "team": "team"}
FORMS = ("s", "n", "b")
TICK = 15 * 60_000_000  # every change of the clock and every bucket begins at a multiple of this


def row_tables():
    """Table -> {column: type}, types as in standard SQL; all but `line` and `ts` may be null."""
    values = {"s": "VARCHAR", "n": "DOUBLE", "b": "BIGINT"}
    events = {"line": "BIGINT", "ts": "BIGINT", "usr": "VARCHAR", "name": "VARCHAR", "company": "VARCHAR",
              "team": "VARCHAR"}
    for name in PROPERTIES["event"]:
        events.update({f"event_{name}_{form}": kind for form, kind in values.items()})
    calls = {"line": "BIGINT", "ts": "BIGINT", "usr": "VARCHAR", "kind": "VARCHAR", "grp": "VARCHAR"}
    writes = {"line": "BIGINT", "ts": "BIGINT", "subject": "VARCHAR", "unit": "VARCHAR", "property": "VARCHAR",
              **values}
    return {"events": events, "calls": calls, "writes": writes}


def build(engine):
    engine.make("place", """
        SELECT line, row_number() OVER (ORDER BY ts, line) AS ord
        FROM (SELECT line, ts FROM events UNION ALL SELECT DISTINCT line, ts FROM writes) AS moments""")
    engine.make("ev0", "SELECT events.*, place.ord AS ord FROM events JOIN place ON place.line = events.line")
    engine.make("wr", "SELECT writes.*, place.ord AS ord FROM writes JOIN place ON place.line = writes.line")
    for subject, column in SUBJECTS.items():
        engine.make(f"now_{subject}", f"""
            SELECT unit, {pivot(subject, 'now')}
            FROM (SELECT unit, property, s, n, b,
                         row_number() OVER (PARTITION BY unit, property ORDER BY ord DESC) AS age
                  FROM wr WHERE subject = '{subject}') AS w
            WHERE age = 1 GROUP BY unit""")
        engine.make(f"then_{subject}", f"""
            SELECT event_line, {pivot(subject, 'then')}
            FROM (SELECT ev0.line AS event_line, wr.property AS property, wr.s AS s, wr.n AS n, wr.b AS b,
                         row_number() OVER (PARTITION BY ev0.line, wr.property ORDER BY wr.ord DESC) AS age
                  FROM ev0 JOIN wr ON wr.unit = ev0.{column}
                  WHERE wr.subject = '{subject}' AND wr.ord < ev0.ord) AS w
            WHERE age = 1 GROUP BY event_line""")
        named = f"SELECT {column} AS unit FROM events"
        called = "SELECT usr FROM calls" if subject == "user" else f"SELECT grp FROM calls WHERE kind = '{subject}'"
        engine.make(f"all_{subject}", f"""
            SELECT units.unit AS unit, {listed(subject, 'now')}
            FROM (SELECT DISTINCT unit FROM ({named} UNION ALL {called}) AS u WHERE unit IS NOT NULL) AS units
            LEFT JOIN now_{subject} ON now_{subject}.unit = units.unit""")
    engine.make("ev", "SELECT ev0.*, " + ", ".join(
        listed(subject, when) for subject in SUBJECTS for when in ("now", "then")) + " FROM ev0 " + " ".join(
        f"LEFT JOIN now_{subject} ON now_{subject}.unit = ev0.{column} "
        f"LEFT JOIN then_{subject} ON then_{subject}.event_line = ev0.line" for subject, column in SUBJECTS.items()))
    engine.make("member", """
        SELECT kind, usr, grp
        FROM (SELECT kind, usr, grp, row_number() OVER (PARTITION BY kind, usr ORDER BY ts DESC, line DESC) AS age
              FROM (SELECT line, ts, kind, usr, grp FROM calls WHERE kind IS NOT NULL AND usr IS NOT NULL
                    UNION ALL SELECT line, ts, 'company', usr, company FROM events WHERE company IS NOT NULL
                    UNION ALL SELECT line, ts, 'team', usr, team FROM events WHERE team IS NOT NULL) AS named) AS m
        WHERE age = 1""")
    calendar(engine)


def pivot(subject, when):
    return ", ".join(f"max(CASE WHEN property = '{name}' THEN {form} END) AS {subject}_{when}_{name}_{form}"
                     for name in PROPERTIES[subject] for form in FORMS)


def listed(subject, when):
    return ", ".join(f"{when}_{subject}.{subject}_{when}_{name}_{form} AS {subject}_{when}_{name}_{form}"
                     for name in PROPERTIES[subject] for form in FORMS)


def calendar(engine):
    """Buckets from a grid of instants, each with its local wall clock: a bucket begins at the first instant of its
    label, so that neither absent nor repeated hours need a rule of their own."""
    first, last = micros(START) - 140 * DAY, micros(START) + (DAYS + 60) * DAY
    engine.make("tick", " UNION ALL ".join(
        f"SELECT '{zone}' AS zone, t, {engine.local_clock('t', zone)} AS clock "
        f"FROM ({engine.series(first, last, TICK)}) AS g"
        for zone in ZONES))
    day = engine.div("clock", DAY)
    labels = {"hour": f"{engine.div('clock', DAY // 24)} * 1000 + {engine.div('(clock - t)', 60_000_000)}",
              "day": day, "week": engine.div(f"({day} + 3)", 7), "week_sunday": engine.div(f"({day} + 4)", 7),
              "month": engine.month_of_day(day)}
    starts = " UNION ALL ".join(
        f"SELECT zone, '{size}' AS size, min(t) AS lo, {engine.arg_min('clock - t', 't')} AS shift "
        f"FROM tick GROUP BY zone, {label}" for size, label in labels.items())
    next_start = f"lead(lo, 1, {last}) OVER (PARTITION BY zone, size ORDER BY lo)"
    engine.make("bucket", f"SELECT zone, size, lo, {next_start} AS hi, shift FROM ({starts}) AS b")
