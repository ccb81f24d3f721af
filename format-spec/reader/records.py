"""Small metadata: "Records" of README.md. Numbers are read with the cursor itself."""

from spans import Cursor, decoded


def whole(span, read):
    """What `read` reads from a span, all of which it must take."""
    cursor = Cursor(span)
    value = read(cursor)
    cursor.finish()
    return value


def boolean(cursor):
    value = cursor.u8()
    cursor.expect(value <= 1, f"{value} is neither true nor false")
    return value == 1


def string(cursor):
    length = cursor.u64()
    return decoded(cursor.span, cursor.take(length), cursor.at)


def list_of(cursor, read):
    count = cursor.u64()
    cursor.expect(count <= cursor.left(), f"a list of {count} cannot fit {cursor.left()} bytes")
    return [read(cursor) for _ in range(count)]


def optional(cursor, read):
    return read(cursor) if boolean(cursor) else None


def by_id(cursor, read):
    """A list of (`u32`, T), ascending by the number, as a dict."""
    pairs = list_of(cursor, lambda c: (c.u32(), read(c)))
    cursor.expect(all(a < b for (a, _), (b, _) in zip(pairs, pairs[1:])), "the ids of a list do not ascend")
    return dict(pairs)
