"""Filters, event matchers and properties: each as a fragment of a document together with an SQL condition on `ev`."""

from dataclasses import dataclass

from data import COMPANIES, COUNTRIES, MIXED, NAMES, PATHS, PLANS, REGIONS, ROLES, TAGS, TEAMS
from schema import SUBJECTS

VALUES = {
    "country": COUNTRIES, "amount": [0, 2.5, 10, "17.5", 50], "ok": [True, False], "mixed": MIXED,
    "page_path": PATHS, "tags": TAGS, "role": ROLES, "age": [18, 20, 25, 29], "plan": PLANS, "seats": [1, 5, 10, 50],
    "live": [True, False], "region": REGIONS,
}
WORDS = {"page_path": "page.path"}  # where a column cannot be named like the path
EXPRESSIONS = ["^/docs", "i$", "^[A-B]", "e[rt]", "^.$", "(?i)ADMIN|^us$"]


@dataclass(frozen=True)
class Clause:
    """A part of a document and what it means in SQL."""

    json: object
    sql: str


def quoted(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


ANYTHING = Clause(None, "1 = 1")


@dataclass(frozen=True)
class Property:
    """A property of the event, or of its user or key, now or then."""

    json: dict
    name: str
    column: str  # without the suffix for the form


def some_property(rng, names=None):
    subject, name = rng.choice(names or [
        *[("event", name) for name in ("country", "amount", "ok", "mixed", "page_path", "tags") * 2],
        ("user", "role"), ("user", "age"), ("company", "plan"), ("company", "plan"), ("company", "seats"),
        ("company", "live"), ("team", "region")])
    document = {"property": WORDS.get(name, name)}
    if subject == "event":
        return Property(document, name, f"event_{name}")
    when = rng.choice(["now", "then"])
    document["of"] = subject if subject == "user" else {"group": subject}
    if when == "then" or rng.random() < 0.3:
        document["as_of"] = "event" if when == "then" else "now"
    return Property(document, name, f"{subject}_{when}_{name}")


def own_property(rng, kind):
    """A property of a unit itself, as cohorts ask for it."""
    name = rng.choice([name for name in {"user": ["role", "age"], "company": ["plan", "seats", "live"],
                                         "team": ["region"]}[kind]])
    return Property({"property": name}, name, f"{kind}_now_{name}")


# ------------------------------------------------------------------------------------------------ filters


def test_of(rng, engine, prop):
    """One operator on a property."""
    text, number, truth = (f"{prop.column}_{form}" for form in ("s", "n", "b"))
    values = VALUES[prop.name]
    strings = [value for value in values if isinstance(value, str)]
    choices = ["is", "is", "set"]
    if strings and prop.name != "tags":
        choices += ["contains", "matches"]
    if prop.name not in ("ok", "live", "tags"):
        choices += ["compare", "compare"]
    op, value, negative = rng.choice(choices), None, rng.random() < 0.35
    if op == "is":
        value = rng.sample(values, min(len(values), rng.choice([1, 1, 2, 3])))
        passes = " OR ".join(equal(text, number, truth, one, prop.name == "tags") for one in value)
        op = "is_not" if negative else "is"
    elif op == "set":
        passes = f"{text} IS NOT NULL OR {number} IS NOT NULL OR {truth} IS NOT NULL"
        op = "not_set" if negative else "set"
    elif op == "contains":
        value = [part[rng.randrange(len(part)):][:2] for part in rng.sample(strings, min(2, len(strings)))]
        passes = " OR ".join(f"position({quoted(part)} IN {text}) > 0" for part in value)
        op = "not_contains" if negative else "contains"
    elif op == "matches":
        value, negative = [rng.choice(EXPRESSIONS)], False
        passes = engine.matches(text, quoted(value[0]))
    else:
        op, value, negative = rng.choice(["gt", "gte", "lt", "lte"]), rng.choice(values), False
        while isinstance(value, bool):
            value = rng.choice(values)
        left = text if isinstance(value, str) else number
        sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[op]
        passes = f"{left} {sign} {quoted(value) if isinstance(value, str) else value}"
    if isinstance(value, list) and len(value) == 1 and rng.random() < 0.6:
        value = value[0]
    document = {**prop.json, "op": op, **({} if value is None else {"value": value})}
    return Clause(document, f"{'NOT ' if negative else ''}coalesce(({passes}), false)")


def equal(text, number, truth, value, is_list):
    if isinstance(value, bool):
        return f"{truth} = {int(value)}"
    if isinstance(value, str):
        return f"position({quoted(f',{value},')} IN {text}) > 0" if is_list else f"{text} = {quoted(value)}"
    return f"{number} = {value}"


def some_filter(rng, engine, saved, depth=1):
    """A filter on events; `saved` are the names of the cohorts kept, each with the kind of its units."""
    pick = rng.random()
    if depth and pick < 0.3:
        parts = [some_filter(rng, engine, saved, depth - 1) for _ in range(rng.choice([2, 2, 3]))]
        word, sign = rng.choice([("all", " AND "), ("any", " OR ")])
        return Clause({word: [part.json for part in parts]}, "(" + sign.join(part.sql for part in parts) + ")")
    if depth and pick < 0.4:
        part = some_filter(rng, engine, saved, depth - 1)
        return Clause({"not": part.json}, f"NOT ({part.sql})")
    if pick < 0.5:
        kind, keys = rng.choice([("company", COMPANIES), ("team", TEAMS)])
        keys = rng.sample(keys, 8)
        return Clause({"group": kind, "key": keys}, f"coalesce({kind} IN ({', '.join(map(quoted, keys))}), false)")
    if pick < 0.6:
        name, kind = rng.choice(saved)
        return Clause({"cohort": name}, in_cohort(name, kind))
    return test_of(rng, engine, some_property(rng))


def in_cohort(name, kind):
    return f"coalesce({SUBJECTS[kind]} IN (SELECT unit FROM saved_{name}), false)"


def maybe_filter(rng, engine, saved, chance=0.35):
    return some_filter(rng, engine, saved) if rng.random() < chance else ANYTHING


# ------------------------------------------------------------------------------------------------ matchers


def matcher(rng, engine, saved, names=NAMES):
    pick = rng.random()
    if pick < 0.5:
        name = rng.choice(names)
        return Clause(name, f"name = {quoted(name)}")
    if pick < 0.65:
        several = rng.sample(NAMES, 2)
        return Clause(several, f"name IN ({', '.join(map(quoted, several))})")
    if pick < 0.72:
        return Clause("*", "1 = 1")
    inner = Clause("*", "1 = 1") if pick < 0.75 else matcher(rng, engine, saved, names) if pick < 0.8 else None
    if inner is None or isinstance(inner.json, dict):
        name = rng.choice(names)
        inner = Clause(name, f"name = {quoted(name)}")
    passing = some_filter(rng, engine, saved)
    return Clause({"event": inner.json, "filter": passing.json}, f"({inner.sql} AND {passing.sql})")


# ------------------------------------------------------------------------------------------------ breakdowns


@dataclass(frozen=True)
class Dimension:
    """A breakdown, as three columns that sort and group: the class of the value, its number, its text."""

    json: dict
    columns: tuple


def dimension(rng, saved, only=None):
    pick = rng.random()
    if only is None and pick < 0.15:
        kind = rng.choice(["company", "team"])
        class_of = f"CASE WHEN {kind} IS NULL THEN 0 ELSE 4 END"
        return Dimension({"group": kind}, (class_of, "0.0", f"coalesce({kind}, '')"))
    if only is None and pick < 0.25:
        name, kind = rng.choice(saved)
        return Dimension({"cohort": name}, (f"CASE WHEN {in_cohort(name, kind)} THEN 2 ELSE 1 END", "0.0", "''"))
    prop = some_property(rng, only or [("event", "country"), ("event", "mixed"), ("event", "mixed"), ("event", "ok"),
                                       ("event", "page_path"), ("user", "role"), ("user", "age"), ("company", "plan"),
                                       ("company", "plan"), ("company", "seats"), ("team", "region")])
    text, number, truth = (f"{prop.column}_{form}" for form in ("s", "n", "b"))
    return Dimension(prop.json, (
        f"CASE WHEN {text} IS NOT NULL THEN 4 WHEN {number} IS NOT NULL THEN 3 "
        f"WHEN {truth} IS NOT NULL THEN 1 + {truth} ELSE 0 END", f"coalesce({number}, 0.0)", f"coalesce({text}, '')"))


def shown(kind, number, text):
    """The JSON value of a dimension's three columns."""
    return [None, False, True, number, text][kind]


def dimension_columns(dimensions):
    """`(SELECT list, names)`: the columns of all dimensions under names of their own."""
    names = [f"d{i}{form}" for i in range(len(dimensions)) for form in ("k", "n", "s")]
    expressions = [column for one in dimensions for column in one.columns]
    return [f"{expression} AS {name}" for expression, name in zip(expressions, names)], names


def shown_tuple(columns):
    return [shown(*columns[i:i + 3]) for i in range(0, len(columns), 3)]
