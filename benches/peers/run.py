#!/usr/bin/env python3
"""Compares trackcrumb with DuckDB and ClickHouse: the same data, machine and two threads, in turn in one run.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/run.py --events 1000000 --work /tmp/peers-work

Makes the data (gen.py, a fixed seed), loads all three, asks every query of each in turn (A B C A B C ...), checks that
the rows are the same, and prints a table. Each peer is asked in the way of writing the query that was the fastest for it
(queries/BEST.json), or with --variants in every way, of which the fastest counts. With --integers the peers are also asked
of tables that have integers for ids already; what that gives stands beside. With --ingest nothing is asked: each reads the
NDJSON file into an empty directory, in turn as well. trackcrumb answers documents through the library, planned anew each time, without any cache.
README.md says what the queries mean.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from answers import QUERIES, canonical, with_ids
from engines import ENGINE_ALONE, HERE, ROOT, ClickHouse, ClickHouseIntegers, DuckDb, DuckDbIntegers, Peer, Trackcrumb, bytes_of

STRINGS, INTEGERS = (DuckDb, ClickHouse), (DuckDbIntegers, ClickHouseIntegers)
INTEGER_NAMES = [engine.name for engine in INTEGERS]
COHORT = json.loads((HERE / "queries/trackcrumb/C1.json").read_text())["report"]["where"]


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = arguments.work / f"data-{arguments.events}"
    if not (data / "params.json").exists():
        command = [sys.executable, HERE / "gen.py", "--events", str(arguments.events), "--out", data, "--ndjson"]
        subprocess.run(command, check=True)
    parameters = json.loads((data / "params.json").read_text())
    subprocess.run(["cargo", "build", "--release", "--quiet", *ENGINE_ALONE, "--bin", "trackcrumb"], cwd=ROOT, check=True)
    if arguments.ingest:
        return ingest(arguments, data / "events.ndjson")
    loaded = load(arguments, data)
    directory = lambda name: arguments.work / f"{name}-{arguments.events}"
    # Peers first: a process that is forked later would hold the pipe to trackcrumb open.
    peers = [Peer(engine, directory(engine.name)) for engine in (*STRINGS, *INTEGERS[: 2 * arguments.integers])]
    own = Trackcrumb(directory(own_name(arguments)))
    wanted = set(arguments.only.split(",")) if arguments.only else set(QUERIES)
    results = {name: ask(name, parameters, own, peers, arguments) for name in QUERIES if name in wanted}
    result = {
        "events": arguments.events,
        "queries": results,
        "open_ms": own.open_ms,
        "peak_mib": {engine.name: engine.peak_mib() for engine in (own, *peers)},
        "bytes": {
            "trackcrumb": bytes_of(directory(own_name(arguments))),
            **{peer.name: peer.call("bytes")[1] for peer in peers},
        },
        "loaded": {**loaded, "trackcrumb": loaded[own_name(arguments)]},
    }
    for engine in (own, *peers):
        engine.close()
    results_name = own_name(arguments).replace("trackcrumb", "results")
    (arguments.work / f"{results_name}-{arguments.events}.json").write_text(json.dumps(result, indent=1))
    show(result)
    if not all(one["equal"] for one in results.values()):
        raise SystemExit("rows differ; the table says where")


def own_name(arguments):
    """Of the directory of trackcrumb and of how it was loaded."""
    return "trackcrumb-as-imported" if arguments.as_imported else "trackcrumb"


def load(arguments, data):
    """Loads each engine that is not loaded yet; what that took stands beside."""
    file, note = data / "events.ndjson", arguments.work / f"loaded-{arguments.events}.json"
    loaded = json.loads(note.read_text()) if note.exists() else {}
    if own_name(arguments) not in loaded:
        directory = arguments.work / f"{own_name(arguments)}-{arguments.events}"
        seconds, peak = Trackcrumb.load(directory, file, compacted=not arguments.as_imported)
        loaded[own_name(arguments)] = {"seconds": seconds, "peak_mib": peak}
        cohort = arguments.work / "cohort.ndjson"
        line = {"type": "cohort", "name": "C1", "report": {"report": "cohort", "where": COHORT}}
        cohort.write_text(json.dumps(line) + "\n")
        Trackcrumb.load(directory, cohort, compacted=not arguments.as_imported)
        note.write_text(json.dumps(loaded))
    for engine in STRINGS:
        if engine.name in loaded:
            continue
        loaded[engine.name] = {}
        if file.exists():  # a hundred million lines take 22 GB, which may have been given back
            scratch = Peer(engine, arguments.work / f"{engine.name}-{arguments.events}-ingest")
            milliseconds, events = scratch.call("ingest", str(file))
            loaded[engine.name] = {"seconds": milliseconds / 1e3, "events": events, "peak_mib": scratch.peak_mib()}
            scratch.close()
        peer = Peer(engine, arguments.work / f"{engine.name}-{arguments.events}")
        peer.call("load", str(data))
        peer.close()
        note.write_text(json.dumps(loaded))
    for engine in INTEGERS if arguments.integers else ():
        if engine.name in loaded:
            continue
        # Nobody reads integers from NDJSON, so that it says only that it was done.
        peer = Peer(engine, arguments.work / f"{engine.name}-{arguments.events}")
        milliseconds, _ = peer.call("load", str(data))
        peer.close()
        loaded[engine.name] = {"table_seconds": milliseconds / 1e3}
        note.write_text(json.dumps(loaded))
    return loaded


def ingest(arguments, file):
    """What each takes to read the file into an empty directory, until all is durable and can be asked for."""
    taken = {engine.name: [] for engine in (Trackcrumb, *STRINGS)}
    for _ in range(arguments.rounds):
        for engine in (Trackcrumb, *STRINGS):
            directory = arguments.work / f"{engine.name}-{arguments.events}-ingest"
            shutil.rmtree(directory, ignore_errors=True)
            if engine is Trackcrumb:
                taken[engine.name].append(Trackcrumb.load(directory, file, compacted=False))
            else:
                peer = Peer(engine, directory)
                milliseconds, _ = peer.call("ingest", str(file))
                taken[engine.name].append((milliseconds / 1e3, peer.peak_mib()))
                peer.close()
            shutil.rmtree(directory, ignore_errors=True)
    seconds = {name: statistics.median(seconds for seconds, _ in runs) for name, runs in taken.items()}
    rates = {name: f"{arguments.events / seconds:,.0f}" for name, seconds in seconds.items()}
    peaks = {name: f"{max(peak for _, peak in runs):,.0f}" for name, runs in taken.items()}
    print(f"| {arguments.events:,} events, {arguments.rounds} rounds | " + " | ".join(taken) + " |\n|---|" + "---:|" * len(taken))
    for title, cells in (("events read from NDJSON a second", rates), ("peak memory meanwhile, MiB", peaks)):
        print(f"| {title} | " + " | ".join(cells.values()) + " |")
    best = min(seconds[engine.name] for engine in STRINGS)
    print(f"\nBest peer's time / trackcrumb's: {best / seconds['trackcrumb']:.2f}")


def ways(peer, name, is_every):
    """The ways of writing a query that a peer is asked in."""
    folders = [HERE / "queries" / folder for folder in peer.folders]
    best = json.loads((HERE / "queries/BEST.json").read_text())[peer.name].get(name, name)
    # Of files of one name the first folder's is the last to be put in.
    found = {file.name: file for folder in reversed(folders) for file in folder.glob(f"{name}.*sql")}
    return sorted(found.values()) if is_every else [found[f"{best}.sql"]]


def ask(name, parameters, own, peers, arguments):
    """Asks one query of every engine in turn."""
    document, rows_of, compared = QUERIES[name]

    def fill(text):
        for company in ("MID", "BIG"):
            text = text.replace(f"{{{company}}}", parameters[company]).replace(f"{{{company}N}}", parameters[company][1:])
        return text

    asked = [(own, HERE / f"queries/trackcrumb/{document}.json")]
    asked += [(peer, way) for peer in peers for way in ways(peer, name, arguments.variants)]
    asked = [(engine, fill(way.read_text().strip())) for engine, way in asked]
    times, given = [[] for _ in asked], [None for _ in asked]
    for number in range(arguments.rounds + 1):
        for place, (engine, question) in enumerate(asked):
            milliseconds, given[place] = engine.ask(question)
            if number:  # the first round warms
                times[place].append(milliseconds)
    medians, answers = {}, {}
    for place, (engine, _) in enumerate(asked):
        median = statistics.median(times[place])
        if median < medians.get(engine.name, math.inf):
            medians[engine.name], answers[engine.name] = median, given[place]
    rows = {peer.name: canonical(answers[peer.name]) for peer in peers}
    rows = {engine: (compared or (lambda rows: rows))(found) for engine, found in rows.items()}
    rows.update({engine.name: with_ids(name, rows[engine.name]) for engine in peers if engine.name in INTEGER_NAMES})
    rows[own.name] = canonical(rows_of(answers[own.name], parameters))
    first = rows[own.name]
    # Members come in the order of their ids, of which integers have another.
    in_order = lambda engine: sorted(first) if engine in INTEGER_NAMES and all(len(row) == 1 for row in first) else first
    different = next((engine for engine, found in rows.items() if found != in_order(engine)), None)
    if different:
        at = next((n for n, (a, b) in enumerate(zip(first, rows[different])) if a != b), min(len(first), len(rows[different])))
        print(f"{name}: {own.name} has {first[at:at + 2]} of {len(first)}, {different} has {rows[different][at:at + 2]} "
              f"of {len(rows[different])}, at row {at}", file=sys.stderr)
    ratio_to = lambda engines: min(medians[engine.name] for engine in engines) / medians[own.name]
    ratio = ratio_to(STRINGS)
    print(f"{name:4} " + "  ".join(f"{engine} {value:9.3f} ms" for engine, value in medians.items()) + f"  {ratio:7.1f}x", file=sys.stderr)
    integers = {"ratio_integers": ratio_to(INTEGERS)} if arguments.integers else {}
    return {"ms": medians, "ratio": ratio, **integers, "rows": len(first), "equal": different is None}


def show(result):
    """The table, as Markdown."""
    queries = result["queries"]
    engines = ("trackcrumb", "duckdb", "clickhouse")
    kinds = [(engines, "ratio", "best peer / trackcrumb", "of the ratios")]
    if all("ratio_integers" in one for one in queries.values()):
        kinds.append((INTEGER_NAMES, "ratio_integers", "best peer with integers / trackcrumb", "to the peers with integers for ids"))
    heads = [" | ".join([*(f"{engine.replace('_', ' ')}, ms" for engine in names), title]) for names, _, title, _ in kinds]
    print(f"| {result['events']:,} events | " + " | ".join(heads) + " | rows | equal |")
    print("|---|" + "---:|" * sum(len(names) + 1 for names, *_ in kinds) + "---:|---|")
    for name, one in queries.items():
        cells = [" | ".join([*(f"{one['ms'][engine]:.2f}" for engine in names), f"{one[ratio]:.1f}"]) for names, ratio, *_ in kinds]
        print(f"| {name} | {' | '.join(cells)} | {one['rows']} | {'yes' if one['equal'] else 'NO'} |")
    print()
    for _, ratio, _, which in kinds:
        ratios = [one[ratio] for one in queries.values()]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"Geometric mean {which} {mean:.1f}, least {min(ratios):.1f}.")
    print()
    print("| | " + " | ".join(engines) + " |\n|---|---:|---:|---:|")
    print("| bytes an event | " + " | ".join(f"{result['bytes'][engine] / result['events']:.1f}" for engine in engines) + " |")
    print("| peak memory while answering, MiB | " + " | ".join(f"{result['peak_mib'][engine]:.0f}" for engine in engines) + " |")
    loads = [result["loaded"][engine] for engine in engines]
    rates = [f"{result['events'] / load['seconds']:,.0f}" if load else "not read" for load in loads]
    print("| events read from NDJSON a second | " + " | ".join(rates) + " |")
    print("| peak memory meanwhile, MiB | " + " | ".join(f"{load['peak_mib']:.0f}" if load else "not read" for load in loads) + " |")
    print(f"\ntrackcrumb opened its directory in {result['open_ms']:.2f} ms.")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="how many (default: 1,000,000)")
    parser.add_argument("--work", type=Path, required=True, help="where data and stores are kept for the next run")
    parser.add_argument("--rounds", type=int, default=5, help="how often each query is asked after the first time")
    parser.add_argument("--variants", action="store_true", help="ask peers in every way that a query is written")
    parser.add_argument("--integers", action="store_true", help="ask peers also of tables with integers for ids")
    parser.add_argument("--as-imported", action="store_true", help="leave trackcrumb in the segments that an import makes")
    parser.add_argument("--ingest", action="store_true", help="compare reading NDJSON, and nothing else")
    parser.add_argument("--only", default="", help="some queries, such as T1,F1")
    return parser.parse_args()


if __name__ == "__main__":
    main()
