"""What calls do to properties: "Operations" of profiles.md."""

import math

from json_text import DEEPEST, is_integer, one_form
from values import same, stored_json

KINDS = ("add", "append", "properties", "set_once", "union")


def operations(span, data, at=0):
    """The operations of a call, which came from `span`; none when it has none."""
    if not data:
        return {}
    found = stored_json(span, data, at, DEEPEST + 1)
    span.expect(isinstance(found, dict) and found, "operations are no object, or an empty one", at)
    for kind, inner in found.items():
        span.expect(kind in KINDS, f"there is no operation {kind!r}", at)
        span.expect(isinstance(inner, dict) and inner, f"{kind} is no object, or an empty one", at)
        if kind != "properties":
            span.expect(None not in inner.values(), f"{kind} with null", at)
    span.expect(all(map(_is_number, found.get("add", {}).values())), "add with what is no number", at)
    return found


def apply(operations, before):
    """The properties after a call, as a new dict."""
    after = dict(before)
    for name, value in operations.get("properties", {}).items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    for name, value in operations.get("set_once", {}).items():
        after.setdefault(name, value)
    for name, value in operations.get("add", {}).items():
        if name not in after:
            after[name] = value
        elif _is_number(after[name]):
            after[name] = _sum(after[name], value)
    for name, value in operations.get("append", {}).items():
        after[name] = _listed(after, name) + _elements(value)
    for name, value in operations.get("union", {}).items():
        after[name] = _listed(after, name)
        for element in _elements(value):
            if not any(same(element, there) for there in after[name]):
                after[name].append(element)
    return after


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _elements(value):
    return list(value) if isinstance(value, list) else [value]


def _listed(properties, name):
    return _elements(properties[name]) if name in properties else []


def _sum(one, other):
    """Integers add exactly, others as doubles; a sum beyond the doubles changes nothing."""
    if isinstance(one, int) and isinstance(other, int):
        total = one + other
        if is_integer(total):
            return total
    else:
        total = float(one) + float(other)
    return one if math.isinf(total) else one_form(float(total))
