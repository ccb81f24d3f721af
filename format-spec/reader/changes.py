"""What calls do to each property: "Changes" of profiles.md."""

from packed import unpack
from spans import Cursor, Span, ascends, decoded
from texts import texts
from values import length, same, value

LONGEST = 256  # bytes of a value that changes repeat


class Changes:
    """The changes of a table: by name of the property, pairs of row and value; `None` where the call has to be read."""

    def __init__(self, container, blobs):
        names, starts, rows, codes, value_starts, values = map(container.blob, blobs)
        self.span = rows
        found = texts(names)
        names.expect(ascends(found), "the names of properties are not sorted")
        rows, codes = unpack(rows), unpack(codes)
        self.span.expect(len(rows) == len(codes), f"{len(rows)} rows and {len(codes)} codes")
        stored = texts(values)
        starts = self._starts(starts, len(found), len(rows))
        value_starts = self._starts(value_starts, len(found), len(stored))
        self.by_name = {}
        for place, name in enumerate(found):
            own = stored[value_starts[place]:value_starts[place + 1]]
            self._judge(values, own)
            changes = slice(starts[place], starts[place + 1])
            self._in_order(codes[changes], len(own))
            read = [(None,)] + [(_value(values, data),) for data in own]
            pairs = [(row, read[code] if code else None) for row, code in zip(rows[changes], codes[changes])]
            self.span.expect(pairs and ascends(rows[changes]), "the changes of a property are not sorted, or none")
            self.by_name[decoded(names, name)] = pairs

    def _starts(self, span, count, total):
        """Where each of so many begins, and where the last ends."""
        starts = unpack(span)
        fits = len(starts) == count + 1 and starts[0] == 0 and starts[-1] == total and starts == sorted(starts)
        span.expect(fits, f"{total} entries do not begin at {starts[:9]}")
        return starts

    def _judge(self, span, values):
        span.expect(len(set(values)) == len(values), "a property has a value twice")
        span.expect(all(len(data) <= LONGEST for data in values), "a value is too long for changes")

    def _in_order(self, codes, values):
        """Values come in the order of their first use, and each is used."""
        used = 0
        for code in codes:
            self.span.expect(0 <= code <= used + 1, f"code {code} after {used} values")
            used = max(used, code)
        self.span.expect(used == values, f"{used} of {values} values are used")

    def check(self, calls):
        """Refuses changes that are not those of these calls, by row."""
        expected = {}
        for row, said in enumerate(calls):
            for name in {name for fields in said.values() for name in fields}:
                kinds = [kind for kind, fields in said.items() if name in fields]
                is_set = kinds == ["properties"] and length(said["properties"][name]) <= LONGEST
                expected.setdefault(name, []).append((row, (said["properties"][name],) if is_set else None))
        self.span.expect(expected.keys() == self.by_name.keys(), "changes are of other properties than the calls")
        for name, pairs in expected.items():
            found = self.by_name[name]
            are_same = len(found) == len(pairs) and all(map(_same, found, pairs))
            self.span.expect(are_same, f"the changes of {name!r} are not those of the calls")


def _value(span, data):
    cursor = Cursor(Span(span.file, data, span.offset))
    found = value(cursor)
    cursor.finish()
    return found


def _same(one, other):
    """Whether two changes have the same row, and set the same value, or have to be read both."""
    (row, set_one), (other_row, set_other) = one, other
    if row != other_row or (set_one is None) != (set_other is None):
        return False
    return set_one is None or same(set_one[0], set_other[0])
