#!/usr/bin/env python3
"""Compares the answers of a trackcrumb binary with answers computed here, over three files of real events.

    check.py --data DIR_WITH_NDJSON_GZ --binary PATH_TO_TRACKCRUMB
    check.py --data DIR_WITH_NDJSON_GZ --self-only

Each file is imported into a temporary directory, and after it the identify() calls that `standing.py` makes of it;
then every document of `examples/reports/<data set>` is run (saved cohorts first, as others refer to them), the
Groups pages, some profiles and the event names are asked for, and all of it is compared with `evaluator`, which
reads the same lines and shares no code with the program. Equal means equal JSON: same fields, same order of lists,
integers where integers are due, the same doubles. `--only TEXT` takes the data sets and documents whose name
contains TEXT.

Left open by the report language, and therefore not compared: how a funnel's step shows its event when the
matcher is not a plain name, whether a series without a breakdown has an empty `breakdown` or none, and what name
the node of all other events has in paths.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from evaluator import evaluate, lists_units
from evaluator.pages import event_counts, group_members, group_rows
from evaluator.question import Workspace
from evaluator.rows import EPOCH, MICROSECOND, Log, instant
from standing import identify_lines

DATA_SETS = ["github-events", "github-hour", "git-history"]
DOCUMENTS = Path(__file__).resolve().parents[2] / "examples" / "reports"
PAGE = 20


def documents(data_set):
    """[(path, document)] by name, but cohorts that are saved first, each after those it refers to."""
    found = [(path, json.loads(path.read_text(encoding="utf-8")))
             for path in sorted((DOCUMENTS / data_set).glob("*.json"))]
    waiting = {document["save_as"]: (path, document) for path, document in found if "save_as" in document}
    saved = []
    while waiting:
        ready = [name for name, (_, document) in waiting.items() if not waiting.keys() & cohorts_named(document)]
        if not ready:
            raise SystemExit(f"cohorts that refer to each other in a circle: {', '.join(waiting)}")
        saved += [waiting.pop(name) for name in ready]
    return saved + [(path, document) for path, document in found if "save_as" not in document]


def cohorts_named(document):
    """The saved cohorts that a document refers to."""
    if isinstance(document, list):
        return set().union(*map(cohorts_named, document))
    if not isinstance(document, dict):
        return set()
    own = {document["cohort"]} if isinstance(document.get("cohort"), str) else set()
    return own.union(*map(cohorts_named, document.values()))


# --------------------------------------------------------------------------------- comparing answers


def first_difference(expected, got, where="$"):
    """None when equal, else a sentence about the first place where they are not."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*expected, *(n for n in got if n not in expected)]:
            if name not in got:
                return f"{where}.{name} is missing, expected {shown(expected[name])}"
            if name not in expected:
                return f"{where}.{name} is not expected, got {shown(got[name])}"
            found = first_difference(expected[name], got[name], f"{where}.{name}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list):
        for i, (one, other) in enumerate(zip(expected, got)):
            found = first_difference(one, other, f"{where}[{i}]")
            if found:
                return found
        if len(expected) != len(got):
            return f"{where} has {len(got)} elements, expected {len(expected)}"
        return None
    if type(expected) is type(got) and expected == got:
        return None
    return f"{where}: expected {shown(expected)}, got {shown(got)}"


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


def comparable(document, answer):
    """The answer without what the report language leaves open."""
    answer = dict(answer)
    if document["report"] == "trends":
        answer["series"] = [{"breakdown": [], **series} for series in answer["series"]]
    if document["report"] == "paths":
        answer["nodes"] = [without(node, "event") if "other" in node else node for node in answer["nodes"]]
    if document["report"] == "funnel":
        if "steps" in answer:
            answer["steps"] = comparable_steps(document, answer["steps"])
        else:
            answer["series"] = [{**series, "steps": comparable_steps(document, series["steps"])}
                                for series in answer["series"]]
    return answer


def comparable_steps(document, steps):
    plain = [isinstance(matcher, str) for matcher in document["steps"]]
    return [step if i < len(plain) and plain[i] else without(step, "event") for i, step in enumerate(steps)]


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


# --------------------------------------------------------------------------------- asking the binary


class Failed(Exception):
    """The binary did not give an answer."""


class Binary:
    def __init__(self, path, data):
        self.path, self.data = path, data

    def ask(self, command, *arguments, stdin=None):
        line = [str(self.path), command, "--data", str(self.data), *arguments, "--format", "json"]
        done = subprocess.run(line, input=stdin, capture_output=True, timeout=900, encoding="utf-8", check=False)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["nothing on standard error"])[0]
            raise Failed(f"exit {done.returncode}: {said}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise Failed(f"standard output is not JSON: {error}") from error


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def compare(self, name, question):
        """`question` returns (expected, got); it may raise Failed."""
        try:
            found = first_difference(*question())
        except (Failed, subprocess.TimeoutExpired, LookupError, TypeError, AttributeError, ValueError) as error:
            found = f"{type(error).__name__}: {error}"
        if found is None:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"DIFFERS {name}: {found}", flush=True)
        return found is None


# ----------------------------------------------------------------------------------- the comparisons


def imported(binary, path, lines):
    got = binary.ask("import", str(path))
    refused = got["refused"] if isinstance(got["refused"], int) else len(got["refused"])
    return ({"accepted": lines, "duplicate": 0, "refused": 0},
            {"accepted": got["accepted"], "duplicate": got["duplicate"], "refused": refused})


def report(binary, path, document, workspace):
    expected, got = evaluate(document, workspace), binary.ask("report", str(path))
    if lists_units(document):
        return unit_pages(binary, document, expected, got)
    return comparable(document, expected), comparable(document, got)


def unit_pages(binary, document, expected, first):
    """All pages joined, after a look at each: `limit` units, and a cursor on all but the last."""
    paged = document if document["report"] == "cohort" else document["units"]
    limit = paged.get("limit", 100)
    page, members, sizes = first, [], []
    while True:
        members += page["members"]
        sizes.append(len(page["members"]))
        cursor = page["next_cursor"]
        if cursor is None or not page["members"]:
            break
        page = binary.ask("report", "-", stdin=json.dumps(at_cursor(document, cursor)))
    size = expected["size"]
    pages = [min(limit, size - done) for done in range(0, size, limit)] or [0]
    return {**expected, "pages": pages}, {**without(first, "next_cursor"), "members": members, "pages": sizes}


def at_cursor(document, cursor):
    if document["report"] == "cohort":
        return {**document, "cursor": cursor}
    return {**document, "units": {**document["units"], "cursor": cursor}}


def with_instant(row):
    """A row whose time is microseconds, so that the ways to write one instant are equal."""
    moment = row["last_updated"]
    return {**row, "last_updated": instant(moment) if isinstance(moment, str) else moment}


def group_types(binary, rows):
    got = binary.ask("groups")["types"]
    return ({name: len(page) for name, page in sorted(rows.items())},
            {row["type"]: row["keys"] for row in sorted(got, key=lambda row: row["type"])})


def groups_page(binary, group_type, rows):
    """The first two pages of a type."""
    first = binary.ask("groups", group_type, "--limit", str(PAGE))
    got, cursor = list(map(with_instant, first["rows"])), first["next_cursor"]
    more = [cursor is not None]
    if cursor is not None:
        second = binary.ask("groups", group_type, "--limit", str(PAGE), "--cursor", str(cursor))
        got += map(with_instant, second["rows"])
        more.append(second["next_cursor"] is not None)
    expected_more = [len(rows) > PAGE] + ([len(rows) > 2 * PAGE] if len(rows) > PAGE else [])
    return {"rows": rows[: 2 * PAGE], "more": expected_more}, {"rows": got, "more": more}


def profile(binary, row, members):
    got = binary.ask("group", row["type"], row["key"])
    fields = {name: got[name] for name in row}
    return {**row, "members": members}, {**with_instant(fields), "members": sorted(got["members"], key=str.encode)}


def event_names(binary, expected):
    got = binary.ask("events")
    rows = got if isinstance(got, list) else next((value for value in got.values() if isinstance(value, list)), [])
    return expected, {row.get("event", row.get("name")): row["count"] for row in rows}


def profiles_to_read(rows, members):
    """Of each type: the key updated last, one from the middle, the one with most members."""
    for group_type, page in sorted(rows.items()):
        largest = max(page, key=lambda row: (len(members.get((group_type, row["key"]), [])), row["key"]))
        chosen = {row["key"]: row for row in (page[0], page[len(page) // 2], largest)}
        yield from chosen.values()


def check(data_set, path, binary_path, only, tally):
    log = Log()
    with tempfile.TemporaryDirectory(prefix="trackcrumb-check-") as folder:
        binary, standing = Binary(binary_path, Path(folder) / "data"), Path(folder) / "standing.ndjson"
        lines = log.read(path)
        if not tally.compare(f"{data_set} import", lambda: imported(binary, path, lines)):
            return
        standing.write_text("".join(json.dumps(line) + "\n" for line in identify_lines(log)), encoding="utf-8")
        lines = log.read(standing)
        if not tally.compare(f"{data_set} import of standings", lambda: imported(binary, standing, lines)):
            return
        workspace = Workspace(log)
        for file, document in documents(data_set):
            name = f"{data_set}/{file.stem}"
            if only in name or "save_as" in document:
                tally.compare(name, lambda: report(binary, file, document, workspace))
        rows, members = group_rows(workspace), group_members(workspace)
        if only in f"{data_set} groups":
            tally.compare(f"{data_set} groups", lambda: group_types(binary, rows))
            for group_type, page in sorted(rows.items()):
                tally.compare(f"{data_set} groups {group_type}", lambda: groups_page(binary, group_type, page))
            for row in profiles_to_read(rows, members):
                named = row["type"], row["key"]
                tally.compare(f"{data_set} group {' '.join(named)}",
                              lambda: profile(binary, row, members.get(named, [])))
        if only in f"{data_set} events":
            tally.compare(f"{data_set} events", lambda: event_names(binary, event_counts(log)))


# ------------------------------------------------------------------------------------ own answers


def shown_instant(row):
    moment = row["last_updated"]
    return {**row, "last_updated": moment if moment is None else (EPOCH + moment * MICROSECOND).isoformat()}


def own_answers(data_set, path, only):
    log = Log()
    log.read(path)
    log.take(list(identify_lines(log)))
    workspace, reports = Workspace(log), {}
    rows, members = group_rows(workspace), group_members(workspace)
    for file, document in documents(data_set):
        if only in f"{data_set}/{file.stem}" or "save_as" in document:
            reports[file.stem] = evaluate(document, workspace)
    return {
        "lines": log.lines,
        "reports": reports,
        "events": event_counts(log),
        "groups": {name: {"keys": len(page), "first": list(map(shown_instant, page[:3]))}
                   for name, page in sorted(rows.items())},
        "profiles": [{**shown_instant(row), "members": len(members.get((row["type"], row["key"]), []))}
                     for row in profiles_to_read(rows, members)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with the .ndjson.gz files")
    parser.add_argument("--binary", type=Path, help="the trackcrumb binary to compare with")
    parser.add_argument("--self-only", action="store_true", help="print this script's own answers and compare nothing")
    parser.add_argument("--only", default="", help="only names that contain this text")
    given = parser.parse_args()
    if not given.data.is_dir():
        print(f"skipped: no data directory {given.data}")
        return 0
    if not given.self_only and given.binary is None:
        parser.error("--binary is needed, or --self-only")
    if given.binary is not None and not given.binary.is_file():
        parser.error(f"there is no binary at {given.binary}")
    binary, tally, answers = given.binary and given.binary.resolve(), Tally(), {}
    for data_set in DATA_SETS:
        path = given.data / f"{data_set}.ndjson.gz"
        names = [f"{data_set}/{file.stem}" for file, _ in documents(data_set)]
        wanted = any(given.only in name for name in [*names, f"{data_set} groups", f"{data_set} events"])
        if not wanted:
            continue
        if not path.is_file():
            print(f"skipped: no file {path.name} in the data directory", file=sys.stderr)
        elif given.self_only:
            answers[data_set] = own_answers(data_set, path, given.only)
        else:
            check(data_set, path, binary, given.only, tally)
    if given.self_only:
        json.dump(answers, sys.stdout, indent=1, ensure_ascii=False)
        print()
        return 0
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
