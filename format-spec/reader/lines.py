"""Accepted things as input lines, in the form of golden/v1/content.ndjson: "As input lines" of README.md."""

from datetime import datetime, timedelta

from accepted import Alias, Cohort, Event, Group, Identify
from dictionary import EVENTS, GROUP_TYPES, KEYS, PROPERTIES, USERS
from json_text import write

EPOCH = datetime(1970, 1, 1)
OPERATIONS = ("properties", "set_once", "add", "append", "union")


def shown_time(microseconds):
    """RFC 3339 in UTC, with the digits after the second that are needed."""
    text = (EPOCH + timedelta(microseconds=microseconds)).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def shown_day(day):
    return (EPOCH + timedelta(days=day)).date().isoformat()


def line(store, thing):
    """An accepted thing as an input line, without the line break."""
    return write(_line(store, thing))


def _line(store, thing):
    user = store.name(USERS, thing.user) if getattr(thing, "user", None) is not None else None
    if isinstance(thing, Event):
        line = {"type": "track", "distinct_id": user, "event": store.name(EVENTS, thing.event),
                "timestamp": shown_time(thing.time)}
        if thing.insert_id:
            line["insert_id"] = thing.insert_id
        if thing.groups:
            line["groups"] = by_name((type_name(store, type_), key_name(store, type_, key))
                                     for type_, key in thing.groups.items())
        if thing.properties:
            line["properties"] = by_name((store.name(PROPERTIES, name), value)
                                         for name, value in thing.properties.items())
        return line
    if isinstance(thing, Identify):
        return {"type": "identify", "distinct_id": user, "timestamp": shown_time(thing.time), **_operations(thing)}
    if isinstance(thing, Group):
        who = {} if user is None else {"distinct_id": user}
        return {"type": "group", **who, "group_type": type_name(store, thing.group_type),
                "group_key": key_name(store, thing.group_type, thing.key), "timestamp": shown_time(thing.time),
                **_operations(thing)}
    if isinstance(thing, Alias):
        when = {} if thing.time is None else {"timestamp": shown_time(thing.time)}
        return {"type": "alias", "distinct_id": user, "alias": store.name(USERS, thing.alias), **when}
    assert isinstance(thing, Cohort)
    return {"type": "cohort", "name": thing.name, "report": thing.document}


def type_name(store, group_type):
    return store.name(GROUP_TYPES, group_type)


def key_name(store, group_type, key):
    return store.name(KEYS, key, group_type=group_type)


def by_name(pairs):
    """An object with its keys in the order of their bytes."""
    return dict(sorted(pairs, key=lambda pair: pair[0].encode()))


def _operations(call):
    return {kind: call.operations[kind] for kind in OPERATIONS if kind in call.operations}
