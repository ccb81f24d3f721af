"""Bitmaps filed under numbers: "Bitmaps" of segment.md."""

from pyroaring import BitMap

from packed import unpack
from spans import Cursor, ascends

BITS = (12348).to_bytes(4, "little")


def filed_by_day(span, rows):
    """As `filed`, with the union of all days after them."""
    return filed(span, rows, unnumbered=1)


def filed(span, rows, unnumbered=0):
    """The (count, bitmap) under each number, from a blob. `rows` are the (number, member) that they must hold."""
    head = Cursor(span)
    parts, end = [], 24
    for length in [head.u64() for _ in range(3)]:
        parts.append(unpack(span.part(end, end + length, "a column of the filed bitmaps")))
        end += length
    numbers, counts, starts = parts
    bitmaps = span.part(end, len(span))
    span.expect(ascends(numbers), "the numbers of the filed bitmaps do not ascend")
    span.expect(len(counts) == len(numbers) == len(starts) - 1 - unnumbered, "the columns of the filed bitmaps differ in length")
    span.expect(starts[0] == 0 and starts[-1] == len(bitmaps), "the bitmaps do not fill their blob")
    span.expect(ascends(starts), "a bitmap is empty")
    found = {
        number: (count, _bitmap(bitmaps.part(start, stop, "a bitmap")))
        for number, count, start, stop in zip(numbers, counts, starts, starts[1:])
    }
    expected = {}
    for number, member in rows:
        expected.setdefault(number, []).append(member)
    expected = {number: (len(members), BitMap(members)) for number, members in expected.items()}
    span.expect(found == expected, "the filed bitmaps are not those of the rows")
    if unnumbered:
        union = _bitmap(bitmaps.part(starts[-2], starts[-1], "the bitmap of all days"))
        span.expect(union == BitMap(member for _, member in rows), "the bitmap of all days is not that of the rows")
    return found


def _bitmap(span):
    if span.data[:4] == BITS:
        return _bits(span)
    try:
        bitmap = BitMap.deserialize(bytes(span.data))
    except ValueError as error:
        raise span.damage(f"this is no Roaring bitmap: {error}") from error
    span.expect(len(bitmap) > 0, "a bitmap is empty")
    span.expect(bitmap.serialize() == span.data, "a bitmap is not what it reads as")
    span.expect(len(span.data) <= 8 + bitmap.max() // 8 + 1, "a bitmap is not stored as bits where that is smaller")
    return bitmap


def _bits(span):
    head = Cursor(span)
    head.u32()
    count = head.u32() + 1
    bits = bytes(span.data)[8:]
    values = [8 * place + bit for place, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1]
    span.expect(bits and bits[-1] != 0, "the bits of a bitmap end with none")
    span.expect(len(values) == count, "a bitmap has another number of values than it says")
    span.expect(len(span.data) < len(_plain(values).serialize()), "a bitmap is stored as bits where that is not smaller")
    return BitMap(values)


def _plain(values):
    """A Roaring bitmap without runs."""
    return BitMap(values, optimize=False)
