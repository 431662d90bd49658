"""Distinguished encoding (X.690), as much of it as time-stamps need: one strict form for each value, anything else is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from audit.errors import InvalidStamp

INTEGER, BOOLEAN, OCTETS, NULL, OID, SEQUENCE, SET, TIME = 0x02, 0x01, 0x04, 0x05, 0x06, 0x30, 0x31, 0x18
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1
LONG = 0x80
MULTIBYTE = 0x1F
LENGTH_BYTES = 4
"""Most bytes of a length: larger values are no time-stamps."""


class Value(NamedTuple):
    """A tagged value: its tag, what it holds, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Value]:
        """The values within a constructed one; raises `InvalidStamp`."""
        found, rest = [], self.content
        while rest:
            value, rest = read(rest)
            found.append(value)
        return found

    def expect(self, tag: int) -> Value:
        """The value itself if it has that tag; else `InvalidStamp`."""
        if self.tag != tag:
            raise InvalidStamp("a part of the time-stamp has another type than it should")
        return self

    def number(self) -> int:
        """An integer."""
        return int.from_bytes(self.expect(INTEGER).content, "big", signed=True)

    def oid(self) -> str:
        """An object identifier in dots."""
        numbers, here = [], 0
        for byte in self.expect(OID).content:
            here = here << 7 | byte & 0x7F
            if byte < LONG:
                numbers.append(here)
                here = 0
        if not numbers:
            raise InvalidStamp("an object identifier is empty")
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def read(data: bytes) -> tuple[Value, bytes]:
    """The first value of `data`, and what follows it; raises `InvalidStamp`."""
    if len(data) < 2 or data[0] & MULTIBYTE == MULTIBYTE:
        raise InvalidStamp("the time-stamp is cut off or holds an unknown tag")
    length, start = data[1], 2
    if length >= LONG:
        count = length - LONG
        start += count
        length = int.from_bytes(data[2:start], "big")
        if not 0 < count <= LENGTH_BYTES or length < LONG or data[2] == 0:
            raise InvalidStamp("a length in the time-stamp is not in its one form")
    if len(data) < start + length:
        raise InvalidStamp("the time-stamp is cut off")
    return Value(data[0], data[start : start + length], data[: start + length]), data[start + length :]


def only(data: bytes) -> Value:
    """The one value that `data` is; raises `InvalidStamp`."""
    value, rest = read(data)
    if rest:
        raise InvalidStamp("something follows the time-stamp")
    return value


def tagged(tag: int, content: bytes) -> bytes:
    """The encoding of a value."""
    size = len(content)
    if size < LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, LONG | len(length)]) + length + content


def sequence(parts: Sequence[bytes]) -> bytes:
    """The encoding of a sequence."""
    return tagged(SEQUENCE, b"".join(parts))


def integer(value: int) -> bytes:
    """The encoding of an integer."""
    return tagged(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def identifier(dots: str) -> bytes:
    """The encoding of an object identifier."""
    first, second, *rest = map(int, dots.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | LONG)
        content += bytes(reversed(groups))
    return tagged(OID, bytes(content))
