"""From, to, time zones and calendar buckets of documents, read from the peers' `bucket` table."""

from dataclasses import dataclass
from datetime import date, timedelta

from data import DAY, DAYS, EPOCH, HOUR, MINUTE, START, rfc3339
from schema import ZONES

FIRST_DAY = START.date()
SIZES = {"hour": 3, "day": 30, "week": DAYS, "month": DAYS}  # the longest range to ask for, in days

CLOCK_CHANGES = {
    "America/New_York": date(2026, 3, 8), "America/Havana": date(2026, 3, 8), "Europe/Berlin": date(2026, 3, 29),
    "Australia/Sydney": date(2026, 4, 5), "Australia/Lord_Howe": date(2026, 4, 5),  # these two go back
}


class Calendar:
    """Buckets of every zone and size; `shift` is local clock minus UTC, all in microseconds."""

    def __init__(self, engine):
        self.buckets = {}
        for zone, size, lo, hi, shift in engine.rows("SELECT zone, size, lo, hi, shift FROM bucket ORDER BY lo"):
            self.buckets.setdefault((zone, size), []).append((lo, hi, shift))

    def midnight(self, zone, day):
        """The first instant of a local day."""
        return next(lo for lo, _, shift in self.buckets[zone, "day"] if local_date(lo, shift) == day)

    def day_of(self, zone, instant):
        return next(local_date(lo, shift) for lo, hi, shift in self.buckets[zone, "day"] if lo <= instant < hi)

    def touching(self, zone, size, start, end):
        return [b for b in self.buckets[zone, size] if b[1] > start and b[0] < end and start < end]


def local_date(instant, shift):
    return (EPOCH + timedelta(microseconds=instant + shift)).date()


def label(bucket):
    """RFC 3339 with the zone's offset."""
    lo, _, shift = bucket
    clock = (EPOCH + timedelta(microseconds=lo + shift)).strftime("%Y-%m-%dT%H:%M:%S")
    minutes = abs(shift) // MINUTE
    return clock + ("Z" if shift == 0 else f"{'+' if shift > 0 else '-'}{minutes // 60:02}:{minutes % 60:02}")


@dataclass
class Range:
    """What a document says about time, and what it means: [start, end) in microseconds, and buckets."""

    json: dict
    zone: str
    size: str
    start: int
    end: int
    buckets: list
    days: tuple = None  # the local dates of both ends, where they are midnights

    @property
    def within(self):
        return f"ts >= {self.start} AND ts < {self.end}"

    def labels(self):
        return [label(bucket) for bucket in self.buckets]

    def table(self):
        """The buckets as rows (i, lo, hi), `i` counting from 0."""
        size = self.size
        return (f"SELECT row_number() OVER (ORDER BY lo) - 1 AS i, lo, hi FROM bucket WHERE zone = '{self.zone}' "
                f"AND size = '{size}' AND hi > {self.start} AND lo < {self.end}")


def some_range(rng, calendar, sizes=("day", "day", "week", "month", "hour"), midnights=False, shortest=2):
    """A random range with its interval; `midnights` where both ends are to be local midnights."""
    zone, interval = rng.choice(ZONES + ["UTC"] * 2), rng.choice(sizes)
    if interval == "hour" and rng.random() < 0.6:
        zone = rng.choice(list(CLOCK_CHANGES))
    document, size = {}, interval
    if zone != "UTC" or rng.random() < 0.3:
        document["timezone"] = zone
    if interval != "day" or rng.random() < 0.5:
        document["interval"] = interval
    if interval == "week" and rng.random() < 0.3:
        document["week_start"], size = "sunday", "week_sunday"
    length = rng.randrange(min(shortest, SIZES[interval]), SIZES[interval] + 1)
    first = FIRST_DAY + timedelta(days=rng.randrange(DAYS - length + 1))
    if interval == "hour" and zone in CLOCK_CHANGES:
        first = CLOCK_CHANGES[zone] - timedelta(days=rng.randrange(min(2, length)))
    last = first + timedelta(days=length)
    start, end, days = calendar.midnight(zone, first), calendar.midnight(zone, last), (first, last)
    document["from"], document["to"] = str(first), str(last)
    pick = rng.random()
    if not midnights and pick < 0.2:
        start, days = start + rng.randrange(DAY // MINUTE) * MINUTE, None
        document["from"] = rfc3339(start)
        if rng.random() < 0.5:
            end += rng.randrange(DAY)
            document["to"] = rfc3339(end)
    elif not midnights and pick < 0.35:
        end, days = end + 13 * HOUR + 37 * MINUTE, None
        document["from"] = f"-{(calendar.day_of(zone, end) - first).days}d"
        document["now"], document["to"] = rfc3339(end), "now"
    return Range(document, zone, size, start, end, calendar.touching(zone, size, start, end), days)


def moved_back(span, calendar):
    """The range before, by as many intervals on the wall clock as there are buckets; ends are local midnights."""
    count = len(span.buckets)
    first, last = (back(day, span.size, count) for day in span.days)
    start, end = calendar.midnight(span.zone, first), calendar.midnight(span.zone, last)
    return Range(span.json, span.zone, span.size, start, end, calendar.touching(span.zone, span.size, start, end),
                 (first, last))


def back(day, size, count):
    if size == "month":
        months = day.year * 12 + day.month - 1 - count
        return day.replace(year=months // 12, month=months % 12 + 1)
    return day - timedelta(days=count * {"day": 1, "week": 7, "week_sunday": 7}[size])


