"""The three engines, each in a process of its own, so that its peak of memory is its own."""

import json
import multiprocessing
import os
import re
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
THREADS = 2
# What cargo builds: no server.
ENGINE_ALONE = ("--no-default-features", "--features", "cli")


def bytes_of(path):
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


def peak_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024


class DuckDb:
    """A native table, rows sorted by event and time: what suits it best."""

    name = "duckdb"
    # Where its ways of writing queries are; the first folder that has one counts.
    folders = ("duckdb",)

    def __init__(self, directory):
        import duckdb

        directory.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(str(directory / "events.db"))
        self.connection.execute(f"SET threads={THREADS}; SET preserve_insertion_order=false")

    def ask(self, sql):
        return self.connection.execute(sql).fetchall()

    def load(self, data):
        self.ask(f"CREATE TABLE events AS SELECT * FROM read_parquet('{data}/events.parquet') ORDER BY event, ts")
        for table in ("groups", "users"):
            self.ask(f"CREATE TABLE {table} AS SELECT * FROM read_parquet('{data}/{table}.parquet')")
        self.ask("CHECKPOINT")

    def ingest(self, file):
        """The track lines of the file; returns how many. The others would be a second pass."""
        columns = (
            "{type:'VARCHAR', distinct_id:'VARCHAR', event:'VARCHAR', timestamp:'TIMESTAMP', "
            "groups:'STRUCT(company VARCHAR, team VARCHAR)', properties:'STRUCT(feature VARCHAR, path VARCHAR, "
            "country VARCHAR, device VARCHAR, amount DOUBLE, duration_ms INTEGER)'}"
        )
        self.ask(
            "CREATE TABLE read AS SELECT timestamp, event, distinct_id, groups.company, groups.team, properties.feature, "
            "properties.path, properties.country, properties.device, properties.amount, properties.duration_ms "
            f"FROM read_json('{file}', format='newline_delimited', columns={columns}) WHERE type = 'track'"
        )
        self.ask("CHECKPOINT")
        return self.ask("SELECT count(*) FROM read")[0][0]

    def bytes(self):
        block, used = self.ask("SELECT block_size, used_blocks FROM pragma_database_size()")[0]
        return block * used


class ClickHouse:
    """MergeTree ordered by event, day and user, merged into one part: what suits it best."""

    name = "clickhouse"
    folders = ("clickhouse",)
    EVENTS = (
        "ts DateTime64(6, 'UTC'), event LowCardinality(String), user String, company String, team String, "
        "feature LowCardinality(String), path LowCardinality(String), country LowCardinality(String), "
        "device LowCardinality(String), amount Nullable(Float64), duration_ms Nullable(Int32)"
    )
    GROUPS = (
        "ts DateTime64(6, 'UTC'), user String, type LowCardinality(String), key String, plan LowCardinality(String), "
        "seats Nullable(Int32), industry LowCardinality(String), name String"
    )
    USERS = "ts DateTime64(6, 'UTC'), user String, role LowCardinality(String), country LowCardinality(String)"
    # How the id of a user is read.
    USER = "user"

    @staticmethod
    def number(name):
        """How the key of a group is read."""
        return f"ifNull({name}, '')"

    def __init__(self, directory):
        from chdb import session

        directory.mkdir(parents=True, exist_ok=True)
        self.session = session.Session(str(directory / "store"))
        self.do("CREATE DATABASE IF NOT EXISTS peers ENGINE = Atomic")
        self.do("USE peers")
        for name in ("max_threads", "max_insert_threads"):
            self.do(f"SET {name} = {THREADS}")
        self.do("SET session_timezone = 'UTC'")
        self.do("SET output_format_json_quote_64bit_integers = 0")

    def do(self, sql):
        self.session.query(sql, "JSONCompact")

    def ask(self, sql):
        return json.loads(self.session.query(sql, "JSONCompact").bytes())["data"]

    def make(self, name, columns, order):
        self.do(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY ({order})")

    def load(self, data):
        self.make("events", self.EVENTS, "event, toDate(ts), user")
        self.make("groups", self.GROUPS, "type, key, ts")
        self.make("users", self.USERS, "user")
        some = lambda *names: ", ".join(f"ifNull({name}, '')" for name in names)
        self.do(
            f"INSERT INTO events SELECT ts, event, {self.USER}, {self.number('company')}, {self.number('team')}, "
            f"{some('feature', 'path')}, country, device, amount, duration_ms FROM file('{data}/events.parquet', Parquet)"
        )
        self.do(
            f"INSERT INTO groups SELECT ts, {self.USER}, type, {self.number('key')}, {some('plan')}, seats, {some('industry', 'name')} "
            f"FROM file('{data}/groups.parquet', Parquet)"
        )
        self.do(f"INSERT INTO users SELECT ts, {self.USER}, role, country FROM file('{data}/users.parquet', Parquet)")
        for table in ("events", "groups", "users"):
            self.do(f"OPTIMIZE TABLE {table} FINAL")

    def ingest(self, file):
        """The track lines of the file; returns how many."""
        self.make("read", self.EVENTS, "event, toDate(ts), user")
        columns = (
            "type LowCardinality(String), distinct_id String, event LowCardinality(String), "
            "timestamp DateTime64(6, \\'UTC\\'), groups Tuple(company String, team String), properties Tuple("
            "feature LowCardinality(String), path LowCardinality(String), country LowCardinality(String), "
            "device LowCardinality(String), amount Nullable(Float64), duration_ms Nullable(Int32))"
        )
        properties = ("feature", "path", "country", "device", "amount", "duration_ms")
        self.do(
            "INSERT INTO read SELECT timestamp, event, distinct_id, tupleElement(groups, 'company'), "
            "tupleElement(groups, 'team'), "
            + ", ".join(f"tupleElement(properties, '{name}')" for name in properties)
            + f" FROM file('{file}', JSONEachRow, '{columns}') WHERE type = 'track' SETTINGS "
            "date_time_input_format = 'best_effort', input_format_skip_unknown_fields = 1, "
            "input_format_json_defaults_for_missing_elements_in_named_tuple = 1"
        )
        return self.ask("SELECT count() FROM read")[0][0]

    def bytes(self):
        parts = "system.parts WHERE active AND database = 'peers' AND table IN ('events', 'groups', 'users')"
        return int(self.ask(f"SELECT sum(bytes_on_disk) FROM {parts}")[0][0])


class DuckDbIntegers(DuckDb):
    """The same with the ids of users, companies and teams as integers already, which no application sends."""

    name = "duckdb_integers"
    folders = ("duckdb_integers", "duckdb")

    def load(self, data):
        number = lambda *names: ", ".join(f'substr("{name}", 2)::UINTEGER AS "{name}"' for name in names)
        replaced = lambda *names: f"SELECT * REPLACE ({number(*names)}) FROM read_parquet('{data}/"
        self.ask(f"CREATE TABLE events AS {replaced('user', 'company', 'team')}events.parquet') ORDER BY event, ts")
        self.ask(f"CREATE TABLE groups AS {replaced('user', 'key')}groups.parquet')")
        self.ask(f"CREATE TABLE users AS {replaced('user')}users.parquet')")
        self.ask("CHECKPOINT")


class ClickHouseIntegers(ClickHouse):
    """The same with integers for ids: of a company and a team one more than in its name, as 0 stands for none."""

    name = "clickhouse_integers"
    folders = ("clickhouse_integers", "clickhouse")
    EVENTS = ClickHouse.EVENTS.replace("user String, company String, team String", "user UInt32, company UInt32, team UInt32")
    GROUPS = ClickHouse.GROUPS.replace("user String", "user UInt32").replace("key String", "key UInt32")
    USERS = ClickHouse.USERS.replace("user String", "user UInt32")
    USER = "toUInt32(substring(user, 2))"

    @staticmethod
    def number(name):
        return f"if({name} IS NULL, 0, 1 + toUInt32(substring(ifNull({name}, 'x0'), 2)))"


def serve(connection, engine, directory):
    """The loop of a peer's process."""
    peer = engine(directory)
    while message := connection.recv():
        what, argument = message
        started = time.perf_counter()
        answer = getattr(peer, what)(*argument)
        connection.send((1e3 * (time.perf_counter() - started), answer))


class Peer:
    """DuckDB or ClickHouse in its process."""

    def __init__(self, engine, directory):
        self.name, self.folders = engine.name, engine.folders
        self.connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(other, engine, directory), daemon=True)
        self.process.start()

    def call(self, what, *argument):
        """Milliseconds, and what came of it."""
        self.connection.send((what, argument))
        return self.connection.recv()

    def ask(self, sql):
        return self.call("ask", sql)

    def peak_mib(self):
        return peak_mib(self.process.pid)

    def close(self):
        self.connection.send(None)
        self.process.join()


class Trackcrumb:
    """The project's library in its process (`main.rs`)."""

    name = "trackcrumb"

    def __init__(self, directory):
        started = time.perf_counter()
        self.process = subprocess.Popen([program(), str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # As many threads as the others have: it takes as many as it may have cores.
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self.process.pid, sorted(os.sched_getaffinity(0))[:THREADS])
        self.open_ms = json.loads(self.process.stdout.readline())["open_ms"]
        self.started_ms = 1e3 * (time.perf_counter() - started)

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"trackcrumb ended at {question}")
        answer = json.loads(line)
        return answer["ms"], answer["answer"]

    def peak_mib(self):
        return peak_mib(self.process.pid)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    @staticmethod
    def load(directory, *files, compacted=True):
        """Imports files; seconds, and the peak of memory in MiB. It is durable and sealed at the end, and compacted if so
        wanted."""
        binary = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/trackcrumb"
        started = time.perf_counter()
        peak = 0
        for command in [["import", str(file)] for file in files] + [["compact"]] * compacted:
            run = subprocess.Popen([binary, *command, "--data", str(directory)], stdout=subprocess.DEVNULL)
            while run.poll() is None:
                try:
                    peak = max(peak, peak_mib(run.pid))
                except (FileNotFoundError, TypeError, ProcessLookupError):
                    break  # it has just ended
                time.sleep(0.02)
            if run.wait():
                raise SystemExit(f"trackcrumb {command[0]} failed")
        return time.perf_counter() - started, peak


def program():
    """Builds what answers, and says where it is."""
    command = ["cargo", "bench", *ENGINE_ALONE, "--bench", "peers", "--no-run", "--message-format=json", "--quiet"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines]
    return next(one["executable"] for one in artifacts if one.get("executable") and one["target"]["name"] == "peers")
