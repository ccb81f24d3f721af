"""Files of a store beside a writer: "The directory", "The lock" and "Reading beside a writer" of README.md."""

import errno
import fcntl
import os
import re
import stat
import zlib
from pathlib import Path

from spans import Damage, Span

NOTE = re.compile(r"\d+\nlog (\d+) synced (\d+) check ([0-9a-f]{8})\n?")


class NotYet(Exception):
    """A writer holds the lock and does not say yet how far the log is synced."""


def read_file(directory, name):
    """A span of all bytes of a file, which is a plain one."""
    path = Path(directory) / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Damage("a symbolic link", name, 0) from error
        raise
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Damage("this is no plain file", name, 0)
        return Span(name, file.read())


def synced_by_writer(directory, log):
    """How far a live writer says that a log is synced; None when nobody writes. NotYet when it does not say."""
    try:
        descriptor = os.open(Path(directory) / "LOCK", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(lock, fcntl.LOCK_UN)
            return None
        except BlockingIOError:
            synced = _synced(lock.read(262), log)
    if synced is None:
        raise NotYet
    return synced


def _synced(note, log):
    """What a whole note says about a log; None when it is not whole, or about another log."""
    if len(note) < 262 or zlib.crc32(note[:258]) != int.from_bytes(note[258:], "little"):
        return None
    length = int.from_bytes(note[256:258], "little")
    found = NOTE.fullmatch(note[:length].decode("utf-8", "replace"))
    if found is None or int(found[1]) != log:
        return None
    check = zlib.crc32(f"log {log} synced {found[2]}".encode())
    return int(found[2]) if check == int(found[3], 16) else None
