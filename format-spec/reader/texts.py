"""Lists of byte strings in blocks: "Text lists" of README.md."""

import zstandard

from spans import Cursor, Span

LARGEST_COMPRESSED = 1 << 20


def texts(span):
    """The entries of a text list that takes the whole span."""
    head = Cursor(span)
    count, blocks = head.u64(), head.u64()
    head.expect(count < 1 << 32 and blocks <= count, f"{count} entries in {blocks} blocks")
    head.expect(bool(count) == bool(blocks), f"{count} entries in {blocks} blocks")
    head.expect(blocks * 16 <= head.left(), f"{blocks} blocks cannot fit {len(span)} bytes")
    entries = [(head.u32(), head.u32(), head.u32(), head.u32()) for _ in range(blocks)]
    data = span.part(head.at, len(span), "the blocks")
    firsts = [first for first, *_ in entries] + [count]
    span.expect(firsts[0] == 0, "the first block does not begin with the first entry", 16)
    found, end = [], 0
    for number, (first, offset, stored, unpacked) in enumerate(entries):
        entry = 16 + 16 * number
        span.expect(first < firsts[number + 1], "a block is empty", entry)
        span.expect(offset == end, f"a block begins at {offset} and not at {end}", entry + 4)
        end += stored
        block = _unpacked(data.part(offset, end, "a block"), unpacked)
        cursor = Cursor(block)
        found += [bytes(cursor.bytes_of_text()) for _ in range(firsts[number + 1] - first)]
        cursor.finish()
    data.expect(end == len(data), f"{len(data) - end} bytes are left over", end)
    return found


def _unpacked(block, length):
    if len(block) == length:
        return block
    block.expect(len(block) < length, f"{len(block)} bytes are stored for {length}")
    block.expect(length <= LARGEST_COMPRESSED, f"a compressed block has {length} bytes")
    try:
        # A frame that says how long it is is believed by the library, so that is looked at first.
        said = zstandard.frame_content_size(block.data)
        block.expect(said in (-1, length), f"a block unpacks to {said} bytes and not {length}")
        unpacker = zstandard.ZstdDecompressor(max_window_size=8 << 20)
        data = unpacker.decompress(block.data, max_output_size=length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise block.damage(f"a block is no zstd frame: {error}") from error
    block.expect(len(data) == length, f"a block unpacks to {len(data)} bytes and not {length}")
    return Span(f"{block.file} (unpacked from {block.offset})", data)
