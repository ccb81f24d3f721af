"""Blobs and the footer that says what they are: "Containers" of README.md."""

from header import LENGTH, checksum, read_header
from records import list_of
from spans import Cursor

TRAILER = 32


class Container:
    """A sealed file. `content` is a cursor at what the page of its kind describes."""

    def __init__(self, file, kind):
        self.file, self.identity = file, read_header(file, kind)
        start = len(file) - TRAILER
        file.expect(start >= LENGTH, "the file is too short for a trailer")
        trailer = file.part(start, len(file))
        cursor = Cursor(trailer)
        offset, length, record_sum, trailer_sum = cursor.u64(), cursor.u64(), cursor.u32(), cursor.u32()
        trailer.expect(cursor.take(8) == b"crumbend", "the trailer lacks its magic", 24)
        trailer.expect(checksum(self.identity, trailer.data[:20]) == trailer_sum, "the trailer is damaged")
        trailer.expect(offset + length == start, "the footer does not lead to the trailer")
        record = file.part(offset, start, "the footer")
        record.expect(checksum(self.identity, record.data) == record_sum, "the footer is damaged")
        self.content = Cursor(record)
        self._entries = list_of(self.content, lambda c: (c.u64(), c.u64(), c.u32()))
        self._check_gaps(offset)
        self._unused = set(range(len(self._entries)))

    def _check_gaps(self, footer):
        end = LENGTH
        for offset, length in [*((offset, length) for offset, length, _ in self._entries), (footer, 0)]:
            begin = -(-end // 8) * 8
            self.file.expect(offset == begin, f"a blob or the footer begins at {offset} and not at {begin}", end)
            self.file.zeros(end, begin)
            end = offset + length

    def blob(self, number):
        """The bytes of a blob, which are intact. No blob has two uses."""
        self.file.expect(number < len(self._entries), f"there is no blob {number}")
        self.file.expect(number in self._unused, f"blob {number} is used twice")
        self._unused.remove(number)
        offset, length, crc = self._entries[number]
        blob = self.file.part(offset, offset + length, "a blob")
        blob.expect(checksum(self.identity, blob.data) == crc, f"blob {number} is damaged")
        return blob

    def finish(self):
        """Refuses content that is left over, and blobs without a use."""
        self.content.finish()
        self.file.expect(not self._unused, f"nothing uses the blobs {sorted(self._unused)}")
