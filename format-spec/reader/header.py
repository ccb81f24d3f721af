"""The 48 bytes that begin every file, and checksums: "File header" and "Versions" of README.md."""

import zlib

from spans import Cursor, Newer

LENGTH = 48
VERSION = 1
KINDS = {b"mani": "manifest", b"log ": "log", b"segm": "segment", b"dict": "dictionary", b"prof": "profiles"}


def checksum(identity, data):
    """The CRC-32 of a file's identity followed by the bytes that are covered."""
    return zlib.crc32(data, zlib.crc32(identity))


def read_header(file, kind):
    """The identity of a file (a span of all its bytes) that must be of this kind."""
    head = Cursor(file.part(0, LENGTH, "the file header"))
    head.expect(head.take(8) == b"trkcrumb", "this is no file of a trackcrumb store")
    found, version, _ = head.take(4), head.u16(), head.u16()
    required, _, identity, crc = head.u32(), head.u32(), head.take(16), head.u32()
    file.expect(crc == zlib.crc32(file.data[:40]), "the file header does not match its CRC-32", 40)
    file.zeros(44, LENGTH)
    file.expect(version > 0, "there is no version 0", 12)
    if version > VERSION:
        raise Newer(f"version {version}, and this reader knows {VERSION}", file.file, 12)
    if required:
        raise Newer(f"required features {required:#x}, which this reader does not know", file.file, 16)
    file.expect(found in KINDS and KINDS[found] == kind, f"a file of kind {bytes(found)!r} where {kind} is due", 8)
    return bytes(identity)
