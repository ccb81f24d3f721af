"""Cohorts: sets of units by what they did, are and belong to."""

from collections import Counter

from .question import Question
from .rows import Unsupported, only_fields
from .values import COMPARISONS, lookup, value_passes

FIELDS = "where limit save_as"


def times_hold(count, times):
    return all(count == n if op == "is" else COMPARISONS[op](count, n) for op, n in times.items())


class Conditions:
    """The conditions of one document; `matched` gathers the events that they look at."""

    def __init__(self, document, workspace, answer_units):
        self.question, self.workspace = Question(document, workspace, FIELDS), workspace
        self.everyone = workspace.universe(self.question.group_type)
        self.matched, self.answer_units = [], answer_units

    def members(self, where):
        for word, join in (("all", set.intersection), ("any", set.union)):
            if word in where:
                return join(*map(self.members, where[word]))
        if "not" in where:
            return self.everyone - self.members(where["not"])
        word = next(name for name in (*self.KINDS, None) if name is None or name in where)
        if word is None:
            raise Unsupported(f"condition {where}")
        method, fields = self.KINDS[word]
        only_fields("condition", where, fields)
        return method(self, where)

    def bounds(self, where):
        return [self.question.calendar.boundary(where[name]) if name in where else default
                for name, default in (("from", self.question.start), ("to", self.question.end))]

    def did(self, where):
        doing = self.question.within(self.question.seen(where["did"]), *self.bounds(where))
        self.matched.append(doing)
        counts = Counter(map(self.question.unit, self.question.with_unit(doing)))
        return {unit for unit in self.everyone if times_hold(counts[unit], where.get("times", {"gte": 1}))}

    def first_did(self, where):
        firsts, doing = {}, self.question.seen(where["first_did"])
        for event in self.question.with_unit(doing):
            firsts.setdefault(self.question.unit(event), event)
        start, end = self.bounds(where)
        self.matched.append(self.question.within(doing, start, end))
        after = lambda at: (start is None or at >= start) and (end is None or at < end)
        return {unit for unit, event in firsts.items() if after(event.at)}

    def has_property(self, where):
        def value(unit):
            history = self.workspace.history(self.question.group_type, unit)
            return lookup(history.now(), where["property"]) if history else None

        return {unit for unit in self.everyone if value_passes(value(unit), where["op"], where.get("value"))}

    def cohort(self, where):
        group_type, members = self.saved(where["cohort"])
        if group_type != self.question.group_type:
            raise Unsupported("a cohort of other units")
        return self.everyone & members

    def member_of(self, where):
        if "cohort" in where["member_of"]:
            group_type, keys = self.saved(where["member_of"]["cohort"])
        else:
            group_type, keys = where["member_of"]["group"], where["member_of"]["key"]
        return {user for user in self.everyone if self.workspace.associations.get((user, group_type)) in keys}

    def has_member_in(self, where):
        group_type, users = self.saved(where["has_member_in"]["cohort"])
        if group_type is not None:
            raise Unsupported("members that are not users")
        return {key for (user, of_type), key in self.workspace.associations.items()
                if of_type == self.question.group_type and user in users}

    def report(self, where):
        return self.answer_units(where["report"], self.workspace)[0]

    def saved(self, name):
        return self.workspace.cohorts[name]

    KINDS = {"did": (did, "did times from to"), "first_did": (first_did, "first_did from to"),
             "property": (has_property, "property op value"), "cohort": (cohort, "cohort"),
             "member_of": (member_of, "member_of"), "has_member_in": (has_member_in, "has_member_in"),
             "report": (report, "report")}


def units(document, workspace, answer_units):
    """(members, coverage), and keeps them under `save_as`: what is stored does not change while we ask."""
    conditions = Conditions(document, workspace, answer_units)
    members = conditions.members(document["where"])
    if "save_as" in document:
        workspace.cohorts[document["save_as"]] = conditions.question.group_type, members
    return members, conditions.question.coverage(*conditions.matched)
