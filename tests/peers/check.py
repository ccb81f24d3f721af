#!/usr/bin/env python3
"""Compares the answers of a trackcrumb binary with DuckDB's and ClickHouse's, over generated data and documents.

    check.py --binary PATH_TO_TRACKCRUMB [--documents 120] [--seed 1]

Each document is made together with SQL written from the definitions of the report language, never from the program.
Answers are compared whole: buckets, order, numbers to the last bit (the measured values are multiples of 0.25, of
which doubles hold every sum). Trends, retention, stickiness and lifecycle are asked of both engines, funnels and
cohorts of DuckDB. Needs `pip install -r requirements.txt`; where that is missing the check says so and passes.
"""

import argparse
import copy
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
try:
    import chdb  # noqa: F401
    import duckdb  # noqa: F401
except ImportError as error:
    print(f"skipped: {error}; install with: pip install -r {Path(__file__).with_name('requirements.txt')}")
    sys.exit(0)
import activity
import cohorts
import data
import engines
import funnels
import retention
import trends
from ranges import Calendar

# What makes a case of each kind, how many in a hundred documents, and whether ClickHouse is asked too.
KINDS = {
    "trends": (trends.case, 38, True),
    "funnel": (funnels.case, 20, False),
    "retention": (retention.case, 14, True),
    "stickiness": (activity.stickiness, 8, True),
    "lifecycle": (activity.lifecycle, 8, True),
    "cohort": (cohorts.case, 12, False),
}


def main():
    arguments = parse_arguments()
    saved = cohorts.saved_documents()
    rows = data.generate(random.Random(arguments.seed), saved_cohorts=[(name, document) for name, _, document in saved])
    with tempfile.TemporaryDirectory() as directory:
        store = Store(arguments.binary, directory)
        store.take(rows.lines)
        peers = [engines.DuckDb(), engines.ClickHouse()]
        for peer in peers:
            peer.load(rows, directory)
            cohorts.make_saved(peer)
        calendars = [Calendar(peer) for peer in peers]
        if calendars[0].buckets != calendars[1].buckets:
            sys.exit("the peers do not agree on the calendar: are their time zone tables of different years?")
        failed = run(arguments, store, peers, calendars[0], [(name, kind) for name, kind, _ in saved])
    sys.exit(1 if failed else 0)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--documents", default=120, type=int)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--kind", choices=KINDS, help="only documents of this kind")
    return parser.parse_args()


class Store:
    """A store made and asked by the binary."""

    def __init__(self, binary, directory):
        self.binary, self.data = binary.resolve(), Path(directory) / "store"

    def take(self, lines):
        done = self.run("import", "\n".join(lines))
        if done.returncode != 0:
            sys.exit(f"import failed: {done.stderr}")

    def report(self, document):
        """The answer, or what the program said instead."""
        done = self.run("report", json.dumps(document))
        if done.returncode == 0:
            return json.loads(done.stdout)
        return done.stderr.strip() or f"exit code {done.returncode}"

    def run(self, command, text):
        return subprocess.run([self.binary, command, "--data", self.data, "--format", "json", "-"], input=text,
                              capture_output=True, text=True, timeout=60)


def run(arguments, store, peers, calendar, saved):
    passed = failed = 0
    for kind, (make, share, both) in KINDS.items():
        if arguments.kind not in (None, kind):
            continue
        wrong = 0
        asked = peers if both else peers[:1]
        documents = max(1, -(-arguments.documents * share // 100))
        for number in range(documents):
            cases = [make(random.Random(f"{arguments.seed} {kind} {number}"), peer, calendar, saved) for peer in asked]
            got = store.report(cases[0].document)
            wrong += not all([agrees(case, got, peer) for case, peer in zip(cases, asked)])
        passed, failed = passed + documents - wrong, failed + wrong
        names = " and ".join(peer.name for peer in asked)
        print(f"{kind:<10} {documents - wrong:>4} passed, {wrong} failed  ({names})")
    print(f"{passed} passed, {failed} failed")
    return failed


def agrees(case, got, peer):
    peer.asked.clear()
    expected = case.answer(peer)
    difference = first_difference(expected, comparable(got)) if isinstance(got, dict) else got
    if difference is None:
        return True
    print(f"\n--- {peer.name} disagrees: {difference}\n--- document\n{json.dumps(case.document, ensure_ascii=False)}")
    print("--- SQL\n" + ";\n".join(peer.asked) + f";\n--- {peer.name}\n{json.dumps(expected, ensure_ascii=False)}")
    print(f"--- trackcrumb\n{json.dumps(got, ensure_ascii=False)}\n")
    return False


def comparable(answer):
    """Without what the report language leaves open: how a cursor looks, and how a step shows a matcher."""
    answer = copy.deepcopy(answer)
    if "next_cursor" in answer:
        answer["more"] = answer.pop("next_cursor") is not None
    for series in [answer, *answer.get("series", [])]:
        for step in series.get("steps", []):
            step.pop("event")
    return answer


def first_difference(expected, got, where="answer"):
    """None when equal, else a sentence about the first place where they are not."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*expected, *(name for name in got if name not in expected)]:
            if name not in got or name not in expected:
                return f"{where}.{name} is only in {'the peer' if name in expected else 'trackcrumb'}'s answer"
            if found := first_difference(expected[name], got[name], f"{where}.{name}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return f"{where} has {len(got)} elements, expected {len(expected)}"
        for i, (one, other) in enumerate(zip(expected, got)):
            if found := first_difference(one, other, f"{where}[{i}]"):
                return found
        return None
    same = expected == got and isinstance(expected, bool) == isinstance(got, bool)
    return None if same else f"{where}: expected {expected!r}, got {got!r}"


if __name__ == "__main__":
    main()
