"""Answers of trackcrumb as the rows that the SQL of the same question gives."""

from datetime import date


def day(label):
    return label[:10]


def per_bucket(answer, _):
    series = answer["series"][0]
    return [[day(bucket), value] for bucket, value in zip(answer["buckets"], series["values"]) if value]


def per_value(other, missing="$other"):
    """Rows of bucket, value and number, by both; those of all other values under the name `other`, if that is one."""

    def rows(answer, _):
        found = []
        for one in answer["series"]:
            if one.get("other") and other is None:
                continue
            name = other if one.get("other") else one["breakdown"][0]
            name = missing if name is None else name
            found += [[day(bucket), name, value] for bucket, value in zip(answer["buckets"], one["values"]) if value]
        return sorted(found)

    return rows


def levels(steps):
    counts = [step["count"] for step in steps] + [0]
    return [[level + 1, counts[level] - counts[level + 1]] for level in range(len(steps)) if counts[level] > counts[level + 1]]


def funnel(answer, _):
    return levels(answer["steps"])


def funnel_by_value(answer, _):
    return sorted([one["breakdown"][0] or "", *row] for one in answer["series"] for row in levels(one["steps"]))


def retention(answer, _):
    rows = answer["rows"]
    return [[c, k, value] for c, row in enumerate(rows) for k, value in enumerate(row["values"]) if value and c + k < len(rows)]


def size(answer, _):
    return [[answer["size"]]]


def members(answer, _):
    return [[member] for member in answer["members"]]


def stickiness(answer, _):
    return [[days + 1, units] for days, units in enumerate(answer["counts"]) if units]


def lifecycle(answer, _):
    states = ("new", "returning", "resurrecting", "dormant")
    return [[week + 1, *(abs(answer[state][week]) for state in states)] for week in range(len(answer["buckets"]))]


def groups(answer, _):
    of = lambda row: [row["properties"].get(name) for name in ("plan", "seats", "industry", "name")]
    return [[row["key"], instant(row["last_updated"]), *of(row)] for row in answer["rows"]]


def profile_members(answer, _):
    return [[member] for member in answer["members"]]


def profile_events(answer, _):
    of = lambda event: [event["properties"].get(name) for name in ("feature", "path", "country", "device")]
    return [[instant(event["timestamp"]), event["distinct_id"], event["event"], *of(event)] for event in answer["recent"]]


def instant(text):
    """`2026-01-02 03:04:05.000006`, as the SQL prints it."""
    head, _, fraction = text.rstrip("Z").replace("T", " ").partition(".")
    return f"{head}.{fraction:0<6}"


# Of each query: the document that is asked, what makes rows of its answer, and what of a peer's rows is compared.
QUERIES = {
    **{name: (name, per_bucket, None) for name in ("T1", "T2", "T3", "T7", "C3")},
    "T4": ("T4", per_value("$other"), None),
    "T5": ("T5", per_value("$other", missing=""), None),
    "T6": ("T6", per_value("$other", missing=""), None),
    "T8": ("T8", per_value(None), None),
    **{name: (name, funnel, None) for name in ("F1", "F2", "F3", "F4", "F5")},
    "F6": ("F6", funnel_by_value, None),
    "R1": ("R1", retention, None),
    "R2": ("R2", retention, None),
    # The sum of the numbers in ids that peers add is in C1L and C2L.
    "C1": ("C1", size, lambda rows: [row[:1] for row in rows]),
    "C1L": ("C1L", members, None),
    "C2": ("C2", size, lambda rows: [row[:1] for row in rows]),
    "C2L": ("C2L", members, None),
    "S1": ("S1", stickiness, None),
    "L1": ("L1", lifecycle, None),
    "G1": ("G1", groups, None),
    # One answer has a profile whole, for which peers need two queries.
    "G2e": ("G2", profile_events, None),
    "G2m": ("G2", profile_members, None),
    "G3e": ("G3", profile_events, None),
    "G3m": ("G3", profile_members, None),
}


# Where the rows of a query have ids: of users, of companies.
IDS = {
    "C1L": (0, "u"), "C2L": (0, "c"), "G1": (0, "c"), "G2e": (1, "u"), "G2m": (0, "u"), "G3e": (1, "u"), "G3m": (0, "u"),
}  # fmt: skip


def with_ids(name, rows):
    """Rows that have integers for ids, with the ids of the data instead, in the order of these."""
    if name not in IDS:
        return rows
    place, letter = IDS[name]
    rows = [[*row[:place], f"{letter}{row[place]}", *row[place + 1 :]] for row in rows]
    return rows if len(rows[0]) > 1 else sorted(rows)


def canonical(rows):
    """Numbers and dates in one form, whatever engine they come from."""

    def one(value):
        if isinstance(value, float):
            return int(value) if value == int(value) else round(value, 6)
        if isinstance(value, date):
            return value.isoformat()
        return "" if value is None else value

    return [[one(value) for value in row] for row in rows]
