#!/usr/bin/env python3
"""Reads a trackcrumb store by its specification alone, and prints what it says, as a JSON object a line.

    read.py export DIR        every accepted thing as an input line, in order of arrival
    read.py properties DIR    the properties of each user and each group key, version by version
    read.py associations DIR  the keys that users belong to
    read.py bitmaps DIR       the bitmaps of segments: users and keys by event and day, rows by key
    read.py files DIR         the files and how far they go

Each command reads and checks everything first. Exit codes: 0 done, 2 wrong usage, 4 the store cannot be read.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
import json_text
import lines
from dictionary import EVENTS, USERS
from spans import Refused
from store import open_store


def export(store):
    for thing in store.accepted:
        yield lines.line(store, thing)


def properties(store):
    for (kind, id), versions in store.versions():
        named = ({"user": store.name(USERS, id)} if kind == "user" else
                 {"group_type": lines.type_name(store, kind), "group_key": lines.key_name(store, kind, id)})
        yield json_text.write({**named, "properties": lines.by_name(versions[-1].properties.items()), "versions": [
            {"timestamp": lines.shown_time(version.time), "properties": lines.by_name(version.properties.items())}
            for version in versions]})


def associations(store):
    for (user, group_type), said in store.current_associations().items():
        yield json_text.write({"user": store.name(USERS, user), "group_type": lines.type_name(store, group_type),
                               "group_key": lines.key_name(store, group_type, said.key),
                               "timestamp": lines.shown_time(said.time), "arrival": said.arrival})


def bitmaps(store):
    for segment in store.segments:
        for table in segment.tables:
            place = {"segment": segment.name, "event": store.name(EVENTS, table.event)}
            for day, (rows, users) in table.user_days.items():
                yield json_text.write({**place, "day": lines.shown_day(day), "rows": rows,
                                       "users": [store.name(USERS, user) for user in users]})
            for group_type, days in table.key_days.items():
                for day, (rows, keys) in days.items():
                    yield json_text.write({**place, "day": lines.shown_day(day), "rows": rows,
                                           "group_type": lines.type_name(store, group_type),
                                           "keys": [lines.key_name(store, group_type, key) for key in keys]})
        for group_type, keys in segment.key_rows.items():
            for key, (count, rows) in keys.items():
                yield json_text.write({"segment": segment.name, "group_type": lines.type_name(store, group_type),
                                       "group_key": lines.key_name(store, group_type, key), "rows": count,
                                       "arrivals": sorted(segment.rows[row].arrival for row in rows)})


def files(store):
    manifest, logs = store.manifest, iter(store.logs)
    yield json_text.write({"file": "MANIFEST", "generation": manifest.generation,
                           "declared": {lines.type_name(store, id): name for id, name in store.declared.items()},
                           "only_declared": store.only_declared, "keep_days": store.keep_days,
                           "reports_timezone": store.reports_timezone,
                           "imports": len(store.imports),
                           "batch_keys": [sent.key.hex() for sent in store.batch_keys]})
    for file in manifest.files():
        shown = {"file": file.name, "identity": file.identity.hex(), "bytes": store.sizes[file.name]}
        if file.kind == "log":
            log = next(logs)
            shown |= {"batches": len(log.batches), "ends_at": log.end, "torn": log.torn,
                      "closed": file.length is not None}
        yield json_text.write(shown)


COMMANDS = {command.__name__: command for command in (export, properties, associations, bitmaps, files)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("directory")
    given = parser.parse_args()
    try:
        for shown in COMMANDS[given.command](open_store(given.directory)):
            sys.stdout.buffer.write(shown.encode() + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Refused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
