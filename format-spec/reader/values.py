"""Values of event properties: "Values" of README.md.

In Python they are None, False, True, int, Double, str, list and dict.
"""

import json_text
from json_text import DEEPEST, Double
from spans import decoded


def value(cursor):
    """Reads one value."""
    kind = cursor.u8()
    if kind <= 2:
        return (None, False, True)[kind]
    if kind == 3:
        return cursor.zigzag()
    if kind == 4:
        number = cursor.u64()
        cursor.expect(number >= 1 << 63, f"{number} is not in the one form of a number")
        return number
    if kind == 5:
        return judged(cursor.span, Double, cursor.f64(), cursor.at)
    if kind == 6:
        return cursor.text()
    cursor.expect(kind == 7, f"there is no value of kind {kind}")
    found = stored_json(cursor.span, cursor.bytes_of_text(), cursor.at, DEEPEST - 1)
    cursor.expect(isinstance(found, (list, dict)), "this JSON has a kind of its own")
    return found


def length(value):
    """How many bytes a value takes."""
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, float) or isinstance(value, int) and value >= 1 << 63:
        return 9
    if isinstance(value, int):
        return 1 + _varint_length(2 * value if value >= 0 else -2 * value - 1)
    text = (value if isinstance(value, str) else json_text.write(value)).encode()
    return 1 + _varint_length(len(text)) + len(text)


def _varint_length(number):
    return max(1, -(-number.bit_length() // 7))


def stored_json(span, data, at=0, deepest=DEEPEST):
    """Stored JSON, which came from `span`."""
    return judged(span, lambda text: json_text.parse(text, deepest), decoded(span, data, at), at)


def judged(span, make, given, at=0):
    """What `make` makes of what came from `span`; what it refuses is damage."""
    try:
        return make(given)
    except (ValueError, RecursionError) as error:
        raise span.damage(str(error), at) from error


def order(value):
    """Sorts values in the order of values."""
    if value is None or isinstance(value, bool):
        return (0, (None, False, True).index(value))
    if isinstance(value, (int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, value.encode())
    return (3, json_text.write(value).encode())


def same(one, other):
    """Whether two values are equal: by kind and content, objects regardless of the order of keys."""
    return order(one) == order(other)
