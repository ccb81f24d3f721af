"""DuckDB and ClickHouse (chdb) behind one small face: tables in, rows out, and the few words they spell differently."""

import json
from pathlib import Path

import chdb.session
import duckdb

import schema


class Engine:
    """Keeps what it was asked, so that a failure can show it."""

    def __init__(self):
        self.asked = []

    def rows(self, sql):
        self.asked.append(sql)
        return self.fetch(sql)

    def row(self, sql):
        [row] = self.rows(sql)
        return row

    def load(self, data, directory):
        for table, columns in schema.row_tables().items():
            path = Path(directory) / f"{table}.ndjson"
            path.write_text("".join(json.dumps(row) + "\n" for row in getattr(data, table)), encoding="utf-8")
            self.make(table, self.rows_of_file(path, columns))
        schema.build(self)


class DuckDb(Engine):
    name = "duckdb"

    def __init__(self):
        super().__init__()
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 2")

    def fetch(self, sql):
        return self.connection.execute(sql).fetchall()

    def make(self, table, select):
        self.connection.execute(f"CREATE TABLE {table} AS {select}")

    def rows_of_file(self, path, columns):
        fields = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        return f"SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = {{{fields}}})"

    def series(self, first, last, step):
        return f"SELECT unnest(range({first}, {last}, {step})) AS t"

    def local_clock(self, instant, zone):
        return f"epoch_us(timezone('{zone}', make_timestamptz({instant})))"

    def month_of_day(self, day):
        return f"date_trunc('month', DATE '1970-01-01' + CAST({day} AS INTEGER))"

    def div(self, value, by):
        return f"({value} // {by})"

    def arg_min(self, value, by):
        return f"arg_min({value}, {by})"

    def matches(self, text, expression):
        return f"regexp_matches({text}, {expression})"

    def nth_smallest(self, value, nth):
        return f"list_sort(list({value}) FILTER ({value} IS NOT NULL))[{nth}]"


class ClickHouse(Engine):
    name = "clickhouse"
    TYPES = {"BIGINT": "Int64", "DOUBLE": "Float64", "VARCHAR": "String"}

    def __init__(self):
        super().__init__()
        self.session = chdb.session.Session()
        for setting in ("join_use_nulls = 1", "output_format_json_quote_64bit_integers = 0", "max_threads = 2",
                        "count_distinct_implementation = 'uniqExact'"):
            self.session.query(f"SET {setting}")

    def fetch(self, sql):
        return [tuple(row) for row in json.loads(self.session.query(sql, "JSONCompact").bytes())["data"]]

    def make(self, table, select):
        self.session.query(f"CREATE TABLE {table} ENGINE = Memory AS {select}")

    def rows_of_file(self, path, columns):
        fields = ", ".join(f"{name} {self.TYPES[kind]}" if name in ("line", "ts")
                           else f"{name} Nullable({self.TYPES[kind]})" for name, kind in columns.items())
        return f"SELECT * FROM file('{path}', 'JSONEachRow', '{fields}')"

    def series(self, first, last, step):
        return f"SELECT {first} + number * {step} AS t FROM numbers({(last - first) // step})"

    def local_clock(self, instant, zone):
        return f"{instant} + timeZoneOffset(toDateTime(intDiv({instant}, 1000000), '{zone}')) * 1000000"

    def month_of_day(self, day):
        return f"toStartOfMonth(toDate({day}))"

    def div(self, value, by):
        return f"intDiv({value}, {by})"

    def arg_min(self, value, by):
        return f"argMin({value}, {by})"

    def matches(self, text, expression):
        return f"match({text}, {expression})"

    def nth_smallest(self, value, nth):
        return f"arraySort(groupArray({value}))[{nth}]"
