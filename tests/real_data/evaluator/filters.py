"""Filters and matchers as functions of an event, and breakdowns as values of one."""

from .rows import Unsupported, only_fields
from .values import canonical, lookup, value_passes


def value_of(part, workspace):
    """A function from an event to the value of `{"property":…,"of":…,"as_of":…}`."""
    path, of, as_of = part["property"], part.get("of", "event"), part.get("as_of", "now")
    if as_of not in ("now", "event"):
        raise Unsupported(f"as_of {as_of}")
    if of == "event":
        return lambda event: lookup(event.properties, path)
    if of == "user":
        holder_of = lambda event: event.user
    else:
        only_fields("of", of, "group")
        group_type = of["group"]
        holder_of = lambda event: (group_type, event.groups[group_type]) if group_type in event.groups else None
    histories = workspace.histories

    def value(event):
        history = histories.get(holder_of(event))
        if history is None:
            return None
        return lookup(history.now() if as_of == "now" else history.before(event.at, event.arrival), path)

    return value


def in_cohort(name, workspace):
    group_type, members = workspace.cohorts[name]
    if group_type is None:
        return lambda event: event.user in members
    return lambda event: event.groups.get(group_type) in members


def passing(condition, workspace):
    """A function from an event to whether it passes."""
    if condition is None:
        return lambda event: True
    for word, join in (("all", all), ("any", any)):
        if word in condition:
            parts = [passing(part, workspace) for part in condition[word]]
            return lambda event: join(part(event) for part in parts)
    if "not" in condition:
        part = passing(condition["not"], workspace)
        return lambda event: not part(event)
    if "group" in condition:
        only_fields("filter", condition, "group key")
        keys = condition["key"] if isinstance(condition["key"], list) else [condition["key"]]
        return lambda event: event.groups.get(condition["group"]) in keys
    if "cohort" in condition:
        only_fields("filter", condition, "cohort")
        return in_cohort(condition["cohort"], workspace)
    only_fields("filter", condition, "property op value of as_of")
    value, op, wanted = value_of(condition, workspace), condition["op"], condition.get("value")
    return lambda event: value_passes(value(event), op, wanted)


class Matcher:
    """Which events are asked for: names (None: any) and a filter."""

    def __init__(self, matcher, workspace):
        condition = None
        if isinstance(matcher, dict):
            only_fields("matcher", matcher, "event filter")
            condition, matcher = matcher.get("filter"), matcher["event"]
        names = [matcher] if isinstance(matcher, str) else matcher
        self.names = None if names == ["*"] else names
        self.passes = passing(condition, workspace)

    def matches(self, event):
        return (self.names is None or event.name in self.names) and self.passes(event)


def breakdown_value(part, workspace):
    """A function from an event to its value of one element of a breakdown."""
    if "group" in part:
        only_fields("breakdown", part, "group")
        return lambda event: event.groups.get(part["group"])
    if "cohort" in part:
        only_fields("breakdown", part, "cohort")
        return in_cohort(part["cohort"], workspace)
    only_fields("breakdown", part, "property of as_of")
    value = value_of(part, workspace)
    return lambda event: canonical(value(event))
