#!/usr/bin/env python3
"""Makes identify() lines for the people of a file of real events, which itself says nothing about users.

    standing.py github-events.ndjson.gz > standing.ndjson

A person is a `newcomer` from the first event on, a `regular` from the tenth, `core` from the hundredth; `first_repo`
is where they began, `worked_in` lists their repositories and `repos` counts them. Each line has the time of the event
that it follows from, so "as of" an event it is in force only after it: the very first event of a person has no
standing yet.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from evaluator.rows import EPOCH, MICROSECOND, Log

STANDINGS = {1: "newcomer", 10: "regular", 100: "core"}


def identify_lines(log):
    """One line for each event by which something about its user changes, in order."""
    counts, repos = {}, {}
    for event in log.events:
        line, repo = {}, event.groups["repo"]
        counts[event.user] = count = counts.get(event.user, 0) + 1
        if count in STANDINGS:
            line["properties"] = {"standing": STANDINGS[count]}
        if repo not in repos.setdefault(event.user, set()):
            repos[event.user].add(repo)
            line |= {"set_once": {"first_repo": repo}, "add": {"repos": 1}, "union": {"worked_in": repo}}
        if line:
            when = (EPOCH + event.at * MICROSECOND).isoformat().replace("+00:00", "Z")
            yield {"type": "identify", "distinct_id": event.user, "timestamp": when, **line}


def main():
    log = Log()
    log.read(Path(sys.argv[1]))
    for line in identify_lines(log):
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
