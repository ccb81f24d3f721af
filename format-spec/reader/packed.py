"""Columns of integers: "Packed integers" of README.md."""

from spans import Cursor

BLOCK = 1024
PADDING = 8


def unpack(span):
    """The integers of a column that takes the whole span, as signed 64-bit numbers."""
    head = Cursor(span)
    count = head.u64()
    blocks = -(-count // BLOCK)
    head.expect(blocks * 16 <= head.left(), f"{count} packed integers cannot fit {len(span)} bytes")
    entries = [(head.i64(), head.u32(), head.u8(), head.take(3)) for _ in range(blocks)]
    bits = span.part(head.at, len(span) - PADDING, "packed bits")
    span.zeros(len(span) - PADDING, len(span))
    values, end = [], 0
    for number, (base, offset, width, zeros) in enumerate(entries):
        entry = 8 + 16 * number
        span.expect(zeros == bytes(3), "the end of a directory entry is not zero", entry + 13)
        span.expect(width <= 64, f"{width} bits for a value", entry + 12)
        span.expect(offset == end, f"a block begins at {offset} and not at {end}", entry + 8)
        length = min(BLOCK, count - number * BLOCK)
        end += (length * width + 7) // 8
        values += _block(bits.part(offset, end, "a block").data, base, width, length)
        if length * width % 8:
            bits.expect(bits.data[end - 1] >> length * width % 8 == 0, "unused bits are set", end - 1)
    bits.expect(end == len(bits), f"{len(bits) - end} bytes are left over", end)
    return values


def _block(data, base, width, length):
    mask, values = (1 << width) - 1, []
    for bit in range(0, length * width, width) if width else []:
        # Nine bytes hold 64 bits at any place in the first of them.
        distance = int.from_bytes(data[bit >> 3:(bit >> 3) + 9], "little") >> (bit & 7) & mask
        values.append((base + distance + (1 << 63)) % (1 << 64) - (1 << 63))
    return values or [base] * length
