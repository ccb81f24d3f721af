"""Batches that are not sealed yet: log.md."""

from dataclasses import dataclass

from accepted import Alias, Cohort, Event, Group, Identify
from header import LENGTH, checksum, read_header
from manifest import read_batch_key, read_import
from operations import operations
from records import boolean
from spans import Cursor, Span
from values import stored_json, value

FRAME_HEAD = 32
LARGEST_PAYLOAD = 1 << 24
KEYS = 4  # the kind of a definition that names a group type


@dataclass
class Declared:
    group_type: int
    name: str


@dataclass
class OnlyDeclared:
    on: bool


@dataclass
class Keep:
    days: int | None


@dataclass
class ReportsTimezone:
    name: str


@dataclass
class Batch:
    span: Span  # the payload
    definitions: list  # of (list, name): where a list is (number, group type id or None)
    records: list


@dataclass
class Frame:
    continued: bool
    sequence: int
    synced: int
    payload: bytes
    end: int


class Log:
    """The batches of a log. `synced` is the offset at which it is known to end; None for the torn tail rule, by which
    at least `least` bytes are whole."""

    def __init__(self, file, first_arrival, synced, least):
        self.identity = read_header(file, "log")
        self.end = len(file) if synced is None else synced
        file.expect(LENGTH <= self.end <= len(file), f"the log has {len(file)} bytes and {self.end} are synced")
        file.expect(synced is not None or least <= self.end, f"the log has {self.end} bytes and {least} were synced")
        self.batches, self.next_arrival = [], first_arrival
        at, sequence = LENGTH, 0
        while at < self.end:
            frames = self._frames(file, at, sequence)
            if frames is None:
                file.expect(synced is None, "a frame is damaged", at)
                file.expect(least <= at, f"{least} bytes were synced and cannot be read", at)
                self._check_torn(file, at)
                break
            file.expect(len({frame.synced for frame in frames}) == 1, "the frames of a batch differ in synced", at)
            # A log that recovery wrote says how long it is; all others what was there before the batch.
            file.expect(frames[0].synced <= max(at, self.end), "a frame says that more was synced than is there", at)
            payload = Span(f"{file.file} (batch at {at})", b"".join(frame.payload for frame in frames))
            self._replay(Cursor(payload))
            at, sequence = frames[-1].end, sequence + len(frames)
        self.end = min(self.end, at)
        self.torn = len(file) - self.end if synced is None else 0

    def _frames(self, file, at, sequence):
        """The frames of the batch at `at`; None when it is not whole."""
        frames = []
        while not frames or frames[-1].continued:
            frame = self._frame(file, at, sequence + len(frames))
            if frame is None:
                return None
            frames.append(frame)
            at = frame.end
        for frame in frames[:-1]:
            file.expect(len(frame.payload) == LARGEST_PAYLOAD, "a frame before the last is not full", frame.end)
        return frames

    def _frame(self, file, at, sequence):
        head = self._head(file, at)
        if head is None or head.sequence != sequence or head.end > self.end:
            return None
        if Cursor(file.part(head.end - 4, head.end)).u32() != checksum(self.identity, file.data[at:head.end - 4]):
            return None
        head.payload = bytes(file.data[at + FRAME_HEAD:head.end - 4])
        return head

    def _head(self, file, at):
        if at + FRAME_HEAD > self.end:
            return None
        head = Cursor(file.part(at, at + FRAME_HEAD))
        magic, flags, length, sequence, synced = head.take(4), head.u32(), head.u32(), head.u64(), head.u64()
        if magic != b"fram" or head.u32() != checksum(self.identity, head.span.data[:28]):
            return None
        if flags > 1 or length > LARGEST_PAYLOAD:
            return None
        return Frame(flags == 1, sequence, synced, b"", at + FRAME_HEAD + length + 4)

    def _check_torn(self, file, end):
        """Refuses a tail in which a header says that bytes above its beginning were synced."""
        at = file.data.find(b"fram", end)
        while at >= 0:
            head = self._head(file, at)
            file.expect(head is None or head.synced <= end, "bytes that were synced cannot be read", end)
            at = file.data.find(b"fram", at + 1)

    def _replay(self, cursor):
        first = cursor.u64()
        cursor.expect(first == self.next_arrival, f"a batch begins with arrival {first}, not {self.next_arrival}")
        definitions = [_definition(cursor) for _ in range(cursor.varint())]
        records = [self._record(cursor) for _ in range(cursor.varint())]
        cursor.finish()
        self.batches.append(Batch(cursor.span, definitions, records))

    def _arrival(self):
        self.next_arrival += 1
        return self.next_arrival - 1

    def _record(self, cursor):
        kind = cursor.u8()
        if kind == 1:
            user, event, time, insert_id = cursor.id(), cursor.id(), cursor.i64(), cursor.text()
            groups = _pairs(cursor, Cursor.id)
            cursor.expect(list(groups) == sorted(groups), "groups do not ascend by their types")
            return Event(self._arrival(), user, event, time, insert_id, groups, _pairs(cursor, value))
        if kind == 2:
            return Identify(self._arrival(), cursor.id(), cursor.i64(), _operations(cursor))
        if kind == 3:
            group_type, key, user, time = cursor.id(), cursor.id(), cursor.varint(), cursor.i64()
            return Group(self._arrival(), group_type, key, user - 1 if user else None, time, _operations(cursor))
        if kind == 4:
            user, alias = cursor.id(), cursor.id()
            return Alias(self._arrival(), user, alias, cursor.i64() if boolean(cursor) else None)
        if kind == 5:
            return Cohort(self._arrival(), cursor.text(), stored_json(cursor.span, cursor.bytes_of_text(), cursor.at))
        if kind == 6:
            return Declared(cursor.id(), cursor.text())
        if kind == 7:
            return OnlyDeclared(boolean(cursor))
        if kind == 9:
            return Keep(cursor.varint() or None)
        if kind == 10:
            return read_batch_key(cursor)
        if kind == 11:
            return ReportsTimezone(cursor.text())
        cursor.expect(kind == 8, f"there is no record of kind {kind}")
        return read_import(cursor)


def _definition(cursor):
    kind = cursor.u8()
    cursor.expect(kind <= KEYS, f"there is no definition of kind {kind}")
    return (kind, cursor.id() if kind == KEYS else None), cursor.text()


def _pairs(cursor, read):
    pairs = {}
    for _ in range(cursor.varint()):
        name = cursor.id()
        cursor.expect(name not in pairs, f"{name} is there twice")
        pairs[name] = read(cursor)
    return pairs


def _operations(cursor):
    return operations(cursor.span, cursor.bytes_of_text(), cursor.at)
