"""Which files make up the store: manifest.md."""

from dataclasses import dataclass

from header import LENGTH, checksum, read_header
from records import boolean, by_id, list_of, optional, string, whole
from spans import Cursor

LONGEST = 64 << 20
MOST_BATCH_KEYS = 10_000


@dataclass
class File:
    kind: str
    number: int
    identity: bytes
    length: int | None  # None for a log that may grow
    synced: int = 0  # of such a log: so many bytes at least were synced

    @property
    def name(self):
        return f"{self.kind}-{self.number:08}"


@dataclass
class Import:
    head_bytes: int
    head: bytes
    bytes: int
    lines: int
    digest: bytes
    continues: bytes


@dataclass
class BatchKey:
    key: bytes
    body: bytes
    time: int


@dataclass
class Manifest:
    generation: int
    next_file: int
    sealed_arrivals: int
    erased_arrivals: int
    timezone: str
    segments: list
    dictionaries: list
    profiles: list
    logs: list
    declared: dict
    only_declared: bool
    keep_days: int | None
    reports_timezone: str
    imports: list
    batch_keys: list

    def files(self):
        return [*self.segments, *self.dictionaries, *self.profiles, *self.logs]


def read_manifest(file):
    """The manifest in a span of all bytes of `MANIFEST`."""
    file.expect(len(file) <= LONGEST, "the manifest is too long")
    identity = read_header(file, "manifest")
    length = Cursor(file.part(LENGTH, LENGTH + 8)).u64()
    end = 56 + length
    file.expect(len(file) == end + 4, f"{length} bytes of record do not fit a file of {len(file)}", LENGTH)
    covered = file.part(LENGTH, end)
    crc = Cursor(file.part(end, end + 4)).u32()
    covered.expect(checksum(identity, covered.data) == crc, "the manifest is damaged")
    record = file.part(56, end)
    manifest = whole(record, _manifest)
    _check(record, manifest)
    return manifest


def read_import(cursor):
    return Import(cursor.u64(), cursor.take(32), cursor.u64(), cursor.u64(), cursor.take(32), cursor.take(32))


def read_batch_key(cursor):
    return BatchKey(bytes(cursor.take(16)), bytes(cursor.take(16)), cursor.i64())


def _manifest(cursor):
    return Manifest(
        generation=cursor.u64(),
        next_file=cursor.u64(),
        sealed_arrivals=cursor.u64(),
        erased_arrivals=cursor.u64(),
        timezone=string(cursor),
        segments=list_of(cursor, _file("segment")),
        dictionaries=list_of(cursor, _file("dictionary")),
        profiles=list_of(cursor, _file("profiles")),
        logs=list_of(cursor, _log),
        declared=by_id(cursor, string),
        only_declared=boolean(cursor),
        keep_days=optional(cursor, Cursor.u32),
        reports_timezone=string(cursor),
        imports=list_of(cursor, read_import),
        batch_keys=list_of(cursor, read_batch_key),
    )


def _file(kind):
    return lambda cursor: File(kind, cursor.u64(), bytes(cursor.take(16)), cursor.u64())


def _log(cursor):
    number, identity, length = cursor.u64(), bytes(cursor.take(16)), cursor.u64()
    return File("log", number, identity, length if boolean(cursor) else None, length)


def _check(record, manifest):
    numbers = [file.number for file in manifest.files()]
    identities = [file.identity for file in manifest.files()]
    record.expect(manifest.generation >= 1, "there is no generation 0")
    record.expect(manifest.timezone == "UTC", f"unit bitmaps by the days of {manifest.timezone!r}")
    record.expect(all(1 <= number <= 99_999_999 for number in numbers), "a file number is out of range")
    record.expect(len(set(numbers)) == len(numbers), "two files have one number")
    record.expect(len(set(identities)) == len(identities), "two files have one identity")
    record.expect(manifest.next_file > max(numbers, default=0), "next_file is taken")
    record.expect(bool(manifest.logs), "there is no log")
    keys = [sent.key for sent in manifest.batch_keys]
    record.expect(len(set(keys)) == len(keys), "a batch key comes twice")
    record.expect(len(keys) <= MOST_BATCH_KEYS, "there are too many batch keys")
    record.expect(all(log.length is not None for log in manifest.logs[:-1]), "a log before the last is not closed")
    record.expect(all(log.synced >= LENGTH for log in manifest.logs), "a log is too short")
