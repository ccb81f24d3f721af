"""Sealed events: segment.md."""

import math
import struct
from collections import Counter
from dataclasses import dataclass

import values as stored_values
from accepted import Event
from bitmaps import filed, filed_by_day
from container import Container
from json_text import one_form
from packed import BLOCK, unpack
from records import by_id, list_of, optional
from siphash import siphash13
from spans import Cursor, Span, ascends, decoded
from texts import texts

DAY = 86_400_000_000


@dataclass
class Table:
    """The rows of one event name. Everything but `rows` is as it stands in the file."""

    event: int
    first_row: int
    row_count: int
    times: tuple  # the least and the greatest
    columns: tuple
    arrivals: tuple  # codes or arrivals, and with codes the late rows; which of both
    groups: dict
    properties: dict
    insert_ids: tuple | None
    user_days: dict  # from day to (rows, users); the blob until it is read
    key_days: dict  # from type id to such a dict of keys
    rows: list = None  # of Event, by (user, time, arrival)


class Segment:
    def __init__(self, file):
        self.name, container = file.file, Container(file, "segment")
        self.identity, content = container.identity, container.content
        row_count, self.first_arrival, self.last_arrival = content.u64(), content.u64(), content.u64()
        times = content.i64(), content.i64()
        pace = optional(content, lambda c: Pace(container, c))
        self.tables = list_of(content, _table)
        key_rows = by_id(content, Cursor.u32)
        user_days, key_days, newest = content.u32(), by_id(content, Cursor.u32), content.u32()
        index = optional(content, lambda c: (c.u32(), c.u32()))
        file.expect(ascends([table.event for table in self.tables]), "the tables do not ascend by event")
        for table in self.tables:
            _Reader(container, table, self.first_arrival, pace).read()
        self.rows = [row for table in self.tables for row in table.rows]
        _check_sums(file, self, row_count, times)
        types = {group_type for table in self.tables for group_type in table.groups}
        file.expect(set(key_rows) == types, "key_rows are not those of the groups")
        self.key_rows = {}
        for group_type, blob in key_rows.items():
            keys = [(row.groups[group_type], n) for n, row in enumerate(self.rows) if group_type in row.groups]
            self.key_rows[group_type] = filed(container.blob(blob), keys)
        filed_by_day(container.blob(user_days), [(_day(row), row.user) for row in self.rows])
        file.expect(set(key_days) == types, "key_days are not those of the groups")
        for group_type, blob in key_days.items():
            keys = [(_day(row), row.groups[group_type]) for row in self.rows if group_type in row.groups]
            filed_by_day(container.blob(blob), keys)
        _check_newest(container.blob(newest), self.rows)
        _check_index(file, container, index, self.rows)
        container.finish()

    @property
    def arrivals(self):
        """The least and the greatest that no other segment has."""
        return self.first_arrival, self.last_arrival

    def things(self):
        """All that names ids."""
        return self.rows


def _check_newest(blob, rows):
    """The newest rows, by time and then arrival: one in sixteen, and 4,096 at most."""
    newest = sorted(range(len(rows)), key=lambda n: (rows[n].time, rows[n].arrival), reverse=True)
    blob.expect(unpack(blob) == newest[: min(-(-len(rows) // 16), 4096)], "the newest rows are others")


def _table(cursor):
    return Table(
        event=cursor.u32(),
        first_row=cursor.u32(),
        row_count=cursor.u32(),
        times=(cursor.i64(), cursor.i64()),
        columns=tuple(cursor.u32() for _ in range(3)),
        arrivals=_arrivals(cursor),
        groups=by_id(cursor, lambda c: (c.u32(), c.u32())),
        properties=by_id(cursor, _property),
        insert_ids=optional(cursor, lambda c: (c.u32(), c.u32())),
        user_days=cursor.u32(),
        key_days=by_id(cursor, Cursor.u32),
    )


def _arrivals(cursor):
    form = cursor.u32()
    cursor.expect(form <= 1, f"there is no form {form} of arrivals")
    return (form, cursor.u32(), optional(cursor, lambda c: (c.u32(), c.u32())) if form == 1 else None)


def _property(cursor):
    encoding = cursor.u32()
    cursor.expect(encoding <= 2, f"there is no encoding {encoding} of a property")
    if encoding == 0:
        return (encoding, _codes(cursor), (cursor.u32(), optional(cursor, Cursor.u32)))
    return (encoding, optional(cursor, Cursor.u32), cursor.u32())


def _codes(cursor):
    form = cursor.u32()
    cursor.expect(form <= 1, f"there is no form {form} of codes")
    return tuple(cursor.u32() for _ in range(3 if form else 1))


class Pace:
    """Where arrivals are expected: "Arrivals"."""

    def __init__(self, container, cursor):
        self.first_time, self.slice_bits, blob = cursor.i64(), cursor.u32(), cursor.u32()
        cursor.expect(self.slice_bits <= 62, f"slices of {self.slice_bits} bits")
        span = container.blob(blob)
        self.arrivals = unpack(span)
        span.expect(len(self.arrivals) >= 2, "a pace without slices")
        span.expect(self.arrivals == sorted(self.arrivals), "a pace that goes back")

    def expected(self, time):
        into = time - self.first_time
        slice_number = into >> self.slice_bits
        if into < 0:
            return self.arrivals[0]
        if slice_number >= len(self.arrivals) - 1:
            return self.arrivals[-1]
        start, end = self.arrivals[slice_number:slice_number + 2]
        return start + (_wrapped((end - start) * (into - (slice_number << self.slice_bits))) >> self.slice_bits)


def _wrapped(number):
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


class _Reader:
    """Puts the rows of a table together from its columns."""

    def __init__(self, container, table, first_arrival, pace):
        self.container, self.table, self.first_arrival, self.pace = container, table, first_arrival, pace
        self.expect, self.count = container.file.expect, table.row_count

    def read(self):
        table = self.table
        self.expect(self.count >= 1, "a table has no rows")
        run_users, run_starts, times = table.columns
        users = self.runs(run_users, run_starts)
        self.expect(ascends(users.runs), "the users of a table do not ascend")
        times = self.column(times)
        arrivals = self.arrivals(times)
        places = list(zip(users, times, arrivals))
        self.expect(ascends(places), "the rows of a table are not sorted")
        self.expect((min(times), max(times)) == table.times, "the times of a table are not within its bounds")
        insert_ids = self.insert_ids()
        table.rows = [
            Event(self.first_arrival + arrival, user, table.event, time, insert_id, {}, {})
            for (user, time, arrival), insert_id in zip(places, insert_ids)
        ]
        for group_type, (run_keys, run_starts) in table.groups.items():
            keys = self.runs(run_keys, run_starts)
            self.expect(any(keys), "a group type without keys")
            for row, key in zip(table.rows, keys):
                if key:
                    row.groups[group_type] = key - 1
        for name, (encoding, first, second) in table.properties.items():
            found = (self.codes, self.integers, self.doubles)[encoding](first, second)
            for row, (present, value) in zip(table.rows, found):
                if present:
                    row.properties[name] = value
        table.user_days = filed_by_day(self.container.blob(table.user_days), [(_day(row), row.user) for row in table.rows])
        self.expect(list(table.key_days) == list(table.groups), "key_days are not those of the groups")
        for group_type, blob in table.key_days.items():
            keys = [(_day(row), row.groups[group_type]) for row in table.rows if group_type in row.groups]
            table.key_days[group_type] = filed_by_day(self.container.blob(blob), keys)

    def column(self, blob):
        span = self.container.blob(blob)
        numbers = unpack(span)
        span.expect(len(numbers) == self.count, f"{len(numbers)} values for {self.count} rows")
        return numbers

    def arrivals(self, times):
        """The arrival of each row, less the first of the segment."""
        form, blob, late = self.table.arrivals
        column = self.column(blob)
        if form == 0:
            return column
        self.expect(self.pace is not None, "arrivals are paced without a pace")
        rows, arrivals = [unpack(self.container.blob(blob)) for blob in late or ()] or ([], [])
        self.expect(rows == [row for row, code in enumerate(column) if code == 0], "other rows are late")
        self.expect(len(rows) == len(arrivals) and min(column) >= 0, "late rows without an arrival")
        self.expect(late is None or rows, "no row is late")
        listed = dict(zip(rows, arrivals))
        distances = (code >> 1 if code & 1 else -(code >> 1) for code in column)
        return [
            listed[row] if row in listed else self.pace.expected(time) + distance
            for row, (time, distance) in enumerate(zip(times, distances))
        ]

    def runs(self, values, starts):
        """The value of each row, from runs of equal ones."""
        span = self.container.blob(values)
        values, starts = unpack(span), unpack(self.container.blob(starts))
        span.expect(values and len(values) == len(starts), f"{len(values)} values for {len(starts)} runs")
        span.expect(starts[0] == 0 and ascends([*starts, self.count]), "the starts of runs do not ascend to the end")
        span.expect(all(one != other for one, other in zip(values, values[1:])), "neighbouring runs are equal")
        span.expect(min(values) >= 0 and max(values) < 1 << 32, "what is no id")
        return _Runs(values, [*starts, self.count])

    def codes(self, codes, values_and_days):
        values, days = values_and_days
        span = self.container.blob(values)
        entries = []
        for entry in texts(span):
            cursor = Cursor(Span(span.file, entry, span.offset))
            entries.append(stored_values.value(cursor))
            cursor.finish()
        span.expect(ascends([stored_values.order(entry) for entry in entries]), "the values of codes do not ascend")
        codes = self.column(*codes) if len(codes) == 1 else self.code_runs(*codes)
        span.expect(set(codes) | {0} == set(range(len(entries) + 1)), "codes and values do not belong together")
        if days is not None:
            self.value_days(self.container.blob(days), codes, len(entries))
        return ((code > 0, entries[code - 1] if code else None) for code in codes)

    def value_days(self, span, codes, values):
        """How many rows of each day have which value."""
        counts = unpack(span)
        days = sorted({_day(row) for row in self.table.rows})
        span.expect(len(counts) == values * len(days) <= self.count, f"{len(counts)} counts for {self.count} rows")
        found = Counter((code, _day(row)) for code, row in zip(codes, self.table.rows))
        expected = [found[value + 1, day] for value in range(values) for day in days]
        span.expect(counts == expected, "the counts of values are not those of the rows")

    def code_runs(self, begins, codes, firsts):
        """The code of each row, from runs within blocks."""
        span = self.container.blob(begins)
        span.expect(len(span) == -(-self.count // 8), f"{len(span)} bytes of bits for {self.count} rows")
        bits = [span.data[row >> 3] >> (row & 7) & 1 for row in range(8 * len(span))]
        span.expect(not any(bits[self.count:]), "unused bits are set")
        span.expect(all(bits[:self.count:BLOCK]), "a block begins without a run")
        codes, firsts = unpack(self.container.blob(codes)), unpack(self.container.blob(firsts))
        expected = [sum(bits[:row]) for row in range(0, self.count, BLOCK)] + [sum(bits)]
        span.expect(firsts == expected, "runs are counted wrong")
        span.expect(len(codes) == expected[-1], f"{len(codes)} codes for {expected[-1]} runs")
        found, run = [], -1
        for row, begins in enumerate(bits[:self.count]):
            run += begins
            span.expect(not begins or row % BLOCK == 0 or codes[run] != found[-1], "neighbouring runs are equal")
            found.append(codes[run])
        return found

    def integers(self, present, values):
        return zip(self.present(present), self.column(values))

    def doubles(self, present, values):
        span = self.container.blob(values)
        span.expect(len(span) == 8 * self.count, f"{len(span)} bytes of doubles for {self.count} rows")
        numbers = [number for (number,) in struct.iter_unpack("<d", span.data)]
        present = self.present(present)
        kept = [number for there, number in zip(present, numbers) if there]
        span.expect(all(map(math.isfinite, kept)), "a double is not finite")
        return [(there, one_form(number) if there else None) for there, number in zip(present, numbers)]

    def present(self, blob):
        if blob is None:
            return [True] * self.count
        flags = self.column(blob)
        self.expect(set(flags) == {0, 1}, "present has other values than 0 and 1, or not both")
        return flags

    def insert_ids(self):
        if self.table.insert_ids is None:
            return [""] * self.count
        places, found = self.table.insert_ids
        places, span = self.column(places), self.container.blob(found)
        found = [decoded(span, text) for text in texts(span)]
        span.expect([place for place in places if place] == list(range(1, len(found) + 1)), "places of insert ids")
        span.expect(bool(found) and all(1 <= len(text.encode()) <= 400 for text in found), "an empty or long insert id")
        return ["" if place == 0 else found[place - 1] for place in places]


def _day(row):
    return row.time // DAY


class _Runs:
    def __init__(self, runs, starts):
        self.runs, self.starts = runs, starts

    def __iter__(self):
        for value, start, end in zip(self.runs, self.starts, self.starts[1:]):
            yield from [value] * (end - start)


def _check_sums(file, segment, row_count, times):
    """Refuses numbers of the footer that are not what the tables say."""
    first_row, arrivals = 0, [row.arrival for row in segment.rows]
    for table in segment.tables:
        file.expect(table.first_row == first_row, f"a table begins at row {table.first_row} and not at {first_row}")
        first_row += table.row_count
    file.expect(row_count == first_row and row_count >= 1, f"{row_count} rows, of which the tables have {first_row}")
    file.expect(len(set(arrivals)) == row_count, "two rows have one arrival")
    file.expect(segment.first_arrival <= min(arrivals), "a row has an arrival below the first")
    file.expect(segment.last_arrival == max(arrivals), "last_arrival is not that of the last row")
    all_times = [row.time for row in segment.rows]
    file.expect((min(all_times), max(all_times)) == times, "the times of the segment are not within its bounds")


def _check_index(file, container, index, rows):
    """Refuses an index of insert ids in which one is not found, or that has other entries."""
    with_id = [(row.insert_id, number) for number, row in enumerate(rows) if row.insert_id]
    file.expect(bool(with_id) == (index is not None), "the index of insert ids is there without them, or they without")
    if index is None:
        return
    span = container.blob(index[0])
    numbers = unpack(container.blob(index[1]))
    span.expect(len(span) == 8 * len(numbers), f"{len(span)} bytes of hashes for {len(numbers)} rows")
    found = list(zip((hash for (hash,) in struct.iter_unpack("<Q", span.data)), numbers))
    expected = sorted((siphash13(container.identity, insert_id.encode()), row) for insert_id, row in with_id)
    span.expect(found == expected, "the index of insert ids is not that of the rows")
