#!/usr/bin/env python3
"""Holds the second reader of the format (`format-spec/reader`) against a trackcrumb binary.

    compare.py --binary PATH_TO_TRACKCRUMB [--seed N] [--stores N]

Stores with random histories are filled by the binary and read by both: what they export has to be the same bytes, and
bitmaps, properties and associations what the exported lines and the binary's pages say. Then bytes of every kind of
file are changed, and the reader has to notice each.
"""

import argparse
import importlib.util
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
READER = ROOT / "format-spec" / "reader"
GOLDEN = ROOT / "format-spec" / "golden" / "v1"
PACKAGES = ["zstandard", "pyroaring"]

MISSING = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
if not MISSING:
    sys.path.insert(0, str(READER))
    import read
    from expected import expected_bitmaps, members
    from histories import History, ballast, every_value, wide
    from spans import Refused
    from store import open_store

LOG_FULL = 2_150  # events of ballast that fill a log of 64 MiB


class Tally:
    def __init__(self):
        self.passed, self.failures = 0, 0

    def check(self, name, holds, problem=""):
        if holds:
            self.passed += 1
        else:
            self.failures += 1
            print(f"FAILED {name}{': ' if problem else ''}{problem}", flush=True)

    def equal(self, name, expected, got):
        self.check(name, expected == got, expected != got and first_difference(expected, got))


def changes(versions):
    """The first version, and those that differ from the one before, as profiles show them."""
    texts = [canonical(version["properties"]) for version in versions]
    return [version for version, before, text in zip(versions, [None, *texts], texts) if before != text]


def first_difference(expected, got):
    if isinstance(expected, dict):
        expected, got = sorted(map(repr, expected.items())), sorted(map(repr, got.items()))
    for number, (one, other) in enumerate(zip(expected, got)):
        if one != other:
            return f"at {number}: expected {str(one)[:300]}, got {str(other)[:300]}"
    return f"expected {len(expected)}, got {len(got)}"


class Binary:
    def __init__(self, path):
        self.path = path
        self.compacts = self.run("compact", "--help").returncode == 0

    def run(self, command, *arguments, data=None, lines=None):
        given = "".join(line + "\n" for line in lines).encode() if lines is not None else b""
        where = ["--data", data] if data else []
        return subprocess.run([self.path, command, *where, *arguments], input=given, capture_output=True, timeout=120)

    def done(self, *arguments, allowed=(0,), **given):
        ran = self.run(*arguments, **given)
        if ran.returncode not in allowed:
            raise SystemExit(f"trackcrumb {arguments[0]} ended with {ran.returncode}: {ran.stderr.decode()[:500]}")
        return ran.stdout

    def answer(self, *arguments, data):
        return json.loads(self.done(*arguments, "--format", "json", data=data))

    def take(self, store, lines, *options):
        """Imports lines, of which some may be refused."""
        self.done("import", *options, "-", data=store, lines=lines, allowed=(0, 3))

    def seal(self, store, mark, fill=False):
        """Has everything sealed: at once where the binary can, or else by filling the log."""
        if self.compacts and not fill:
            self.done("compact", data=store)
        else:
            self.take(store, ballast(mark, LOG_FULL))


def exported(store):
    return "".join(line + "\n" for line in read.export(store)).encode()


def compare(tally, binary, name, directory):
    """The reader against the binary, on one store."""
    try:
        store = open_store(directory)
    except Refused as error:
        tally.check(name, False, f"the reader refuses it: {error}")
        return
    theirs = binary.done("export", data=directory)
    tally.equal(f"{name}: export", theirs.splitlines(), exported(store).splitlines())
    # Lines lack their arrivals; in order of arrival, line and thing belong together.
    lines = [json.loads(line) for line in theirs.splitlines()]
    things = list(zip((thing.arrival for thing in store.accepted), lines))
    for segment in store.segments:
        first, last = segment.arrivals
        rows = [(arrival, line) for arrival, line in things if first <= arrival <= last and line["type"] == "track"]
        found = [shown for shown in map(json.loads, read.bitmaps(store)) if shown.pop("segment") == segment.name]
        tally.equal(f"{name}: bitmaps of {segment.name}", expected_bitmaps(rows), as_sets(found))
    compare_pages(tally, binary, name, directory, store)


def as_sets(bitmaps):
    """Bitmaps as the reader prints them, by what they are of."""
    found = {}
    for shown in bitmaps:
        place = tuple(shown.get(part) for part in ("event", "day", "group_type", "group_key"))
        units = shown.get("users") or shown.get("keys") or shown.get("arrivals")
        found[place] = (shown["rows"], frozenset(units), len(units))
    return found


def compare_pages(tally, binary, name, directory, store):
    """Properties and associations against the pages of the binary."""
    found = [json.loads(shown) for shown in read.properties(store)]
    keys = {(shown["group_type"], shown["group_key"]): shown for shown in found if "group_type" in shown}
    users = {shown["user"]: shown for shown in found if "user" in shown}
    said = [json.loads(shown) for shown in read.associations(store)]
    types = [row["type"] for row in binary.answer("groups", data=directory)["types"]]
    rows = {(row["type"], row["key"]): row for group_type in types
            for row in binary.answer("groups", group_type, "--limit", "100000", data=directory)["rows"]}
    of_keys = {place: canonical(keys[place]["properties"]) if place in keys else "{}" for place in rows}
    tally.equal(f"{name}: properties of keys", {p: canonical(row["properties"]) for p, row in rows.items()}, of_keys)
    tally.check(f"{name}: no other keys", set(keys) <= set(rows))
    for place in sample(rows, 4):
        page = binary.answer("group", *place, data=directory)
        versions = keys[place]["versions"] if place in keys else []
        tally.equal(f"{name}: versions of {place}",
                    [(version["at"], canonical(version["properties"])) for version in page["versions"]],
                    [(version["timestamp"], canonical(version["properties"]))
                     for version in reversed(changes(versions))])
        tally.equal(f"{name}: members of {place}", sorted(page["members"]), sorted(members(said, *place)))
    for user in sample(users, 8):
        page = binary.answer("user", user, data=directory)
        tally.equal(f"{name}: properties of {user}",
                    canonical(page["properties"]), canonical(users[user]["properties"]))
        groups = {shown["group_type"]: shown["group_key"] for shown in said if shown["user"] == user}
        tally.equal(f"{name}: groups of {user}", page["groups"], groups)


def canonical(value):
    return json.dumps(value, sort_keys=True)


def sample(places, count):
    places = sorted(places)
    return random.Random(len(places)).sample(places, min(count, len(places)))


# ---- stores


def random_store(binary, seed, directory):
    """A store of several imports, of which some are sealed and the last may lie in the log."""
    history, roll = History(seed), random.Random(seed)
    binary.take(directory, history.lines(roll.randint(20, 300)))
    if roll.random() < 0.7:
        binary.done("group-type", "declare", "declared ключ", "--name", "Имя", data=directory)
        binary.done("group-type", "declare", history.types[0], "--name", "First", data=directory)
    for part in range(roll.randint(0, 3)):
        # Filling a log takes a while, so it is done to one store in five when there is another way.
        if binary.compacts or seed % 5 == 0:
            binary.seal(directory, f"{seed} {part} ", fill=seed % 5 == 0)
        binary.take(directory, history.lines(roll.randint(1, 200)), *(["--again"] if part else []))
    if roll.random() < 0.5 and seed % 5 and binary.compacts:
        binary.seal(directory, f"{seed} end ")
    elif roll.random() < 0.3:
        binary.done("group-type", "only-declared", "on", data=directory)


def check_random(tally, binary, work, seeds):
    for seed in seeds:
        random_store(binary, seed, work / f"random-{seed}")
        compare(tally, binary, f"random history {seed}", work / f"random-{seed}")
        erase(binary, seed, work / f"random-{seed}")
        compare(tally, binary, f"random history {seed}, erased", work / f"random-{seed}")


def erase(binary, seed, directory):
    """Deletes some users and keys, lets old events expire, and sends some of it again."""
    store, roll = open_store(directory), random.Random(seed)
    users = sorted({shown["user"] for shown in map(json.loads, read.properties(store)) if "user" in shown})
    keys = sorted({(shown["group_type"], shown["group_key"]) for shown in map(json.loads, read.associations(store))})
    for user in roll.sample(users, min(2, len(users))):
        # The second may have been joined to the first.
        binary.done("delete", "user", "--yes", "--", user, data=directory, allowed=(0, 1))
    for group_type, key in roll.sample(keys, min(2, len(keys))):
        binary.done("delete", "group", "--yes", "--", group_type, key, data=directory, allowed=(0, 1))
    if roll.random() < 0.5:
        binary.done("expire", "--older-than", f"{roll.randint(1, 3000)}d", "--yes", data=directory)
    if roll.random() < 0.5:
        binary.take(directory, History(seed).lines(60), "--again")


def check_golden(tally, binary, work):
    for name in ("store", "torn-store", "erased-store"):
        shutil.copytree(GOLDEN / name, work / name)
        compare(tally, binary, f"golden {name}", work / name)
    content = (GOLDEN / "content.ndjson").read_bytes().splitlines()
    lines = [line for line in exported(open_store(work / "store")).splitlines() if b'"event":"reading"' not in line]
    tally.equal("golden store: content", content, lines)
    for command, lines in (("export", 1125), ("files", 5)):
        ran = subprocess.run([sys.executable, READER / "read.py", command, work / "store"], capture_output=True)
        printed = ran.returncode == 0 and len(ran.stdout.splitlines()) == lines
        tally.check(f"read.py {command}", printed, str(ran.stderr))


def check_values(tally, binary, work):
    """Every odd string and number, in the log and sealed."""
    binary.take(work / "values", every_value())
    compare(tally, binary, "every value", work / "values")
    binary.seal(work / "values", "values ")
    compare(tally, binary, "every value, sealed", work / "values")


def check_large(tally, binary, work):
    """Batches of several frames; bitmaps and columns of every form; segments one after another."""
    binary.take(work / "frames", ballast("frames ", 560), "--strict")
    compare(tally, binary, "a batch of several frames", work / "frames")
    tally.check("the batch has several frames", (work / "frames" / "log-00000001").stat().st_size > 1 << 24)
    binary.take(work / "wide", wide(1))
    binary.seal(work / "wide", "wide ")
    binary.take(work / "wide", History(1).lines(100))
    compare(tally, binary, "a wide day", work / "wide")


def check_writer(tally, binary, work):
    """Beside a live writer, after it was killed, with a torn tail, and after recovery."""
    directory = work / "live"
    writer = subprocess.Popen([binary.path, "import", "--data", directory, "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for line in History(2).lines(20) + ballast("live ", 600):
            writer.stdin.write(line.encode() + b"\n")
        writer.stdin.flush()
        deadline, before = time.monotonic() + 20, -1
        while time.monotonic() < deadline:  # until it has written what it can, and waits for more
            time.sleep(0.3)
            now = sum(file.stat().st_size for file in directory.glob("log-*"))
            if now == before and now > 1 << 20:
                break
            before = now
        tally.check("a live writer has written", before > 1 << 20, f"{before} bytes of log")
        compare(tally, binary, "beside a live writer", directory)
    finally:
        writer.kill()
        writer.wait()
        writer.stdin.close()
    compare(tally, binary, "a writer that was killed", directory)
    shutil.copytree(directory, work / "cut")
    (log,) = (work / "cut").glob("log-*")
    with open(log, "r+b") as file:
        file.truncate(log.stat().st_size - 5)
    compare(tally, binary, "a torn tail", work / "cut")
    tally.check("the tail is torn", open_store(work / "cut").logs[-1].torn > 0)
    binary.take(work / "cut", History(3).lines(50))
    compare(tally, binary, "a store that recovered", work / "cut")


# ---- damage


def check_damage(tally, work, seed):
    """Changes bytes one at a time, in each file of stores; cuts, extends and removes each file."""
    roll = random.Random(seed)
    stores = [[*path.iterdir()] for path in sorted(work.glob("random-*"))]
    small = [files for files in stores if sum(file.stat().st_size for file in files) < 1 << 20]
    richest = max(small, key=len, default=stores[0])[0].parent
    for store, places in ((work / "store", 25), (richest, 15)):
        for path in sorted(path for path in store.iterdir() if path.name != "LOCK"):
            intact = path.read_bytes()
            edges = {*range(0, 48, 7), *range(len(intact) - 32, len(intact), 5)}
            inside = {roll.randrange(len(intact)) for _ in range(places)}
            chosen = range(len(intact)) if path.name == "MANIFEST" else edges | inside
            missed = [place for place in chosen if not noticed(path, flipped(intact, place, roll))]
            tally.check(f"damage of {store.name}/{path.name}", not missed, f"not noticed at {missed}")
            for other in (intact[:-1], intact + b"\0", intact[:40], b""):
                tally.check(f"{store.name}/{path.name} of {len(other)} bytes", noticed(path, other))
            path.unlink()
            tally.check(f"{store.name} without {path.name}", noticed(path))
            tally.check(f"{store.name} is as it was", not noticed(path, intact))


def check_open_log(tally, work, seed):
    """In a log that was not closed, what was synced is damage, and the torn tail changes nothing."""
    roll, (log,), torn = random.Random(seed), (work / "torn-store").glob("log-*"), 214
    intact = log.read_bytes()
    missed = [place for place in range(torn) if not noticed(log, flipped(intact, place, roll))]
    tally.check("damage below the torn tail", not missed, f"not noticed at {missed}")
    changed = [place for place in range(torn, len(intact)) if noticed(log, flipped(intact, place, roll))
               or open_store(log.parent).logs[-1].end != torn]
    tally.check("changes of the torn tail", not changed, f"something else is read after a change at {changed}")


def flipped(data, place, roll):
    return data[:place] + bytes([data[place] ^ 1 << roll.randrange(8)]) + data[place + 1:]


def noticed(path, data=None):
    """Whether the reader refuses a store, and names this file of it, which gets these bytes."""
    if data is not None:
        path.write_bytes(data)
    try:
        open_store(path.parent)
        return False
    except (Refused, FileNotFoundError) as error:
        return path.name in str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the trackcrumb binary to compare with")
    parser.add_argument("--seed", type=int, default=0, help="the first seed of the random histories")
    parser.add_argument("--stores", type=int, default=8, help="how many random histories")
    given = parser.parse_args()
    if MISSING:
        install = "pip install -r format-spec/reader/requirements.txt"
        print(f"skipped: {' and '.join(MISSING)} missing; install with: {install}")
        return 0
    if not given.binary.is_file():
        parser.error(f"there is no binary at {given.binary}")
    binary, tally = Binary(given.binary.resolve()), Tally()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        check_golden(tally, binary, work)
        check_values(tally, binary, work)
        check_random(tally, binary, work, range(given.seed, given.seed + given.stores))
        check_large(tally, binary, work)
        check_writer(tally, binary, work)
        check_damage(tally, work, given.seed)
        check_open_log(tally, work, given.seed)
    print(f"{tally.passed} passed, {tally.failures} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
