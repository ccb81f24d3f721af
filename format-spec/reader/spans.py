"""Numbers and texts in bytes: "Conventions" of README.md."""

import struct


class Refused(Exception):
    """The store cannot be read. Says what, in which file and at which byte."""

    def __init__(self, problem, file, offset):
        super().__init__(f"{file} at {offset}: {problem}")
        self.problem, self.file, self.offset = problem, file, offset


class Damage(Refused):
    """Bytes that no writer of this format wrote there."""


class Newer(Refused):
    """A file of a version or with a feature that this reader does not know."""


class Span:
    """Some bytes of a file, which know where in it they are."""

    def __init__(self, file, data, offset=0):
        self.file, self.data, self.offset = file, data, offset

    def __len__(self):
        return len(self.data)

    def part(self, start, end, what="a part"):
        """The bytes from `start` to before `end`, which must be there."""
        if not 0 <= start <= end <= len(self.data):
            raise self.damage(f"{what} ends at {end} of {len(self.data)} bytes", min(max(start, 0), len(self)))
        return Span(self.file, self.data[start:end], self.offset + start)

    def zeros(self, start, end, what="padding"):
        """Refuses bytes from `start` to before `end` that are not there or not 0."""
        for i, byte in enumerate(self.part(start, end, what).data):
            if byte:
                raise self.damage(f"{what} is not zero", start + i)

    def damage(self, problem, at=0):
        return Damage(problem, self.file, self.offset + at)

    def expect(self, holds, problem, at=0):
        if not holds:
            raise self.damage(problem, at)


class Cursor:
    """Reads a span from its beginning to its end."""

    def __init__(self, span):
        self.span, self.at = span, 0

    def left(self):
        return len(self.span) - self.at

    def take(self, count):
        if count > self.left():
            raise self.span.damage(f"{count} bytes are due and {self.left()} are left", self.at)
        self.at += count
        return self.span.data[self.at - count:self.at]

    def _number(self, layout, size):
        return struct.unpack(layout, self.take(size))[0]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return self._number("<H", 2)

    def u32(self):
        return self._number("<I", 4)

    def u64(self):
        return self._number("<Q", 8)

    def i64(self):
        return self._number("<q", 8)

    def f64(self):
        return self._number("<d", 8)

    def varint(self):
        number = 0
        for shift in range(0, 70, 7):
            byte = self.u8()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.expect(number < 1 << 64, "a varint is beyond 64 bits")
                return number
        raise self.damage("a varint is longer than ten bytes")

    def id(self):
        """A varint that is an id."""
        number = self.varint()
        self.expect(number <= 0xFFFF_FFFE, f"{number} is no id")
        return number

    def zigzag(self):
        number = self.varint()
        return -(number >> 1) - 1 if number & 1 else number >> 1

    def bytes_of_text(self):
        return self.take(self.varint())

    def text(self):
        return decoded(self.span, self.bytes_of_text(), self.at)

    def damage(self, problem):
        return self.span.damage(problem, self.at)

    def expect(self, holds, problem):
        if not holds:
            raise self.damage(problem)

    def finish(self):
        """Refuses bytes that are left over."""
        self.expect(not self.left(), f"{self.left()} bytes are left over")


def decoded(span, data, at=0):
    """`data`, which came from `span`, as UTF-8."""
    try:
        return bytes(data).decode("utf-8")
    except UnicodeDecodeError as error:
        raise span.damage("a text is not UTF-8", at) from error


def ascends(numbers):
    """Whether each number is above the one before."""
    return all(one < next_one for one, next_one in zip(numbers, numbers[1:]))
