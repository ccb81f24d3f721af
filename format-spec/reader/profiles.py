"""Calls on users and groups, associations, aliases and cohorts: profiles.md."""

from accepted import Alias, Association, Cohort, Group, Identify
from changes import Changes
from container import Container
from operations import operations
from packed import unpack
from records import by_id, optional
from spans import Cursor, ascends, decoded
from texts import texts
from values import stored_json


class Profiles:
    """A part: `calls` are Identify, Group, Alias and Cohort by arrival."""

    def __init__(self, file):
        self.name, container = file.file, Container(file, "profiles")
        self.identity, self._container, content = container.identity, container, container.content
        users = optional(content, _calls)
        groups = by_id(content, _calls)
        associations = by_id(content, lambda c: [c.u32() for _ in range(4)])
        aliases = optional(content, lambda c: [c.u32() for _ in range(5)])
        cohorts = optional(content, lambda c: (c.u32(), c.u32()))
        calls = list(self._identify(users)) if users else []
        for group_type, columns in groups.items():
            calls += self._group(group_type, columns)
        self.associations = []
        for group_type, columns in associations.items():
            self.associations += self._associate(group_type, columns)
        calls += self._alias(aliases) if aliases else []
        calls += self._cohort(cohorts) if cohorts else []
        container.finish()
        self.calls = sorted(calls, key=lambda call: call.arrival)
        file.expect(ascends([call.arrival for call in self.calls]), "two calls have one arrival")
        file.expect(self.things(), "a part without anything")

    @property
    def arrivals(self):
        """The least and the greatest that no other part has."""
        arrivals = [thing.arrival for thing in self.things()]
        return min(arrivals), max(arrivals)

    def things(self):
        """All that names ids."""
        return [*self.calls, *self.associations]

    def _columns(self, blobs):
        """Packed columns of one length, which is not 0."""
        columns = [unpack(self._container.blob(blob)) for blob in blobs]
        lengths = {len(column) for column in columns}
        self._container.file.expect(len(lengths) == 1 and 0 not in lengths, f"a table has columns of {lengths} rows")
        return columns

    def _texts(self, blob, count):
        span = self._container.blob(blob)
        found = texts(span)
        span.expect(len(found) == count, f"{len(found)} texts where {count} are due")
        return span, found

    def _sorted(self, *columns):
        self._container.file.expect(ascends(list(zip(*columns))), "the rows of a table are not sorted")

    def _identify(self, columns):
        entities, times, arrivals, users, ops, changes = columns
        self._container.file.expect(users is None, "identify() calls have users besides their entities")
        entities, times, arrivals = self._columns((entities, times, arrivals))
        self._sorted(entities, times, arrivals)
        ops = self._operations(ops, changes, len(entities))
        for user, time, arrival, said in zip(entities, times, arrivals, ops):
            yield Identify(arrival, user, time, said)

    def _group(self, group_type, columns):
        entities, times, arrivals, users, ops, changes = columns
        self._container.file.expect(users is not None, "group() calls lack their users")
        entities, times, arrivals, users = self._columns((entities, times, arrivals, users))
        self._sorted(entities, times, arrivals)
        ops = self._operations(ops, changes, len(entities))
        for key, time, arrival, user, said in zip(entities, times, arrivals, users, ops):
            yield Group(arrival, group_type, key, user - 1 if user else None, time, said)

    def _operations(self, ops, changes, calls):
        """The operations of each call, which the changes must be of."""
        span, found = self._texts(ops, calls)
        found = [operations(span, text) for text in found]
        if changes:
            Changes(self._container, changes).check(found)
        span.expect(bool(changes) == any(found), "changes without operations, or operations without changes")
        return found

    def _associate(self, group_type, columns):
        users, times, arrivals, keys = self._columns(columns)
        self._sorted(users)
        for user, time, arrival, key in zip(users, times, arrivals, keys):
            yield Association(user, group_type, time, arrival, key)

    def _alias(self, columns):
        arrivals, users, aliases, timed, times = self._columns(columns)
        self._sorted(arrivals)
        self._container.file.expect(set(timed) <= {0, 1}, "timed is neither 0 nor 1")
        for arrival, user, alias, has_time, time in zip(arrivals, users, aliases, timed, times):
            self._container.file.expect(has_time or time == 0, "an alias without a time has one")
            yield Alias(arrival, user, alias, time if has_time else None)

    def _cohort(self, columns):
        (arrivals,) = self._columns(columns[:1])
        self._sorted(arrivals)
        span, found = self._texts(columns[1], 2 * len(arrivals))
        for arrival, name, document in zip(arrivals, found[::2], found[1::2]):
            yield Cohort(arrival, decoded(span, name), stored_json(span, document))


def _calls(cursor):
    users = lambda c: optional(c, Cursor.u32)
    changes = lambda c: optional(c, lambda inner: [inner.u32() for _ in range(6)])
    return cursor.u32(), cursor.u32(), cursor.u32(), users(cursor), cursor.u32(), changes(cursor)
