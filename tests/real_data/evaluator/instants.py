"""Instants and buckets: the ends of ranges, and calendar units in a time zone."""

from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from .rows import EPOCH, MICROSECOND, Unsupported, instant

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
WEEK_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def microseconds(duration):
    return int(duration[:-1]) * SECONDS[duration[-1]] * 1_000_000


class Calendar:
    """The calendar of a document: its zone, interval and first day of the week."""

    def __init__(self, document):
        self.zone = ZoneInfo(document.get("timezone", "UTC"))
        self.interval = document.get("interval", "day")
        self.first_day = WEEK_DAYS.index(document.get("week_start", "monday"))
        if self.interval not in ("hour", "day", "week", "month"):
            raise Unsupported(f"interval {self.interval}")
        self.now = self.boundary(document["now"]) if "now" in document else None

    def midnight(self, day):
        """The first instant of a day; where midnight is skipped, the offset before the gap leads there."""
        return (datetime.combine(day, time(), self.zone).astimezone(timezone.utc) - EPOCH) // MICROSECOND

    def local(self, at):
        return (EPOCH + at * MICROSECOND).astimezone(self.zone)

    def boundary(self, text):
        """An end of a range; relative ones count from the document's own `now`, so that they repeat."""
        if text == "now" or text[0] == "-":
            if self.now is None:
                raise Unsupported("a relative time in a document without `now`")
            if text == "now":
                return self.now
            if text[-1] == "h":
                return self.now - microseconds(text[1:])
            days = int(text[1:-1]) * (7 if text[-1] == "w" else 1)
            return self.midnight(self.local(self.now).date() - timedelta(days=days))
        return self.midnight(date.fromisoformat(text)) if len(text) == 10 else instant(text)

    def bucket_start(self, at):
        moment = self.local(at)
        if self.interval == "hour":
            into = timedelta(minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
            return at - into // MICROSECOND
        day = moment.date()
        if self.interval == "week":
            day -= timedelta(days=(day.weekday() - self.first_day) % 7)
        elif self.interval == "month":
            day = day.replace(day=1)
        return self.midnight(day)

    def moved(self, start, count):
        """The start of the bucket so many after (before, when negative) the one that starts here."""
        if self.interval == "hour":
            return start + count * 3_600_000_000
        day = self.local(start).date()
        if self.interval == "month":
            months = day.year * 12 + day.month - 1 + count
            return self.midnight(date(months // 12, months % 12 + 1, 1))
        return self.midnight(day + timedelta(days=count * (7 if self.interval == "week" else 1)))

    def buckets(self, start, end):
        """The starts of the buckets that touch [start, end)."""
        starts, bucket = [], self.bucket_start(start)
        while start < end and bucket < end:
            starts.append(bucket)
            bucket = self.moved(bucket, 1)
        return starts

    def aligned(self, at):
        if self.bucket_start(at) != at:
            raise Unsupported("a range that does not begin and end with its buckets, compared with the one before")
        return at

    def back(self, at, duration):
        """A window's start: exact hours, or the same local day so many days before a midnight."""
        if duration[-1] == "h":
            return at - microseconds(duration)
        day = self.local(at).date()
        if self.midnight(day) != at:
            raise Unsupported("a window of days that does not end at midnight")
        return self.midnight(day - timedelta(days=int(duration[:-1]) * (7 if duration[-1] == "w" else 1)))

    def label(self, at):
        text = self.local(at).isoformat()
        return text.replace("+00:00", "Z") if self.zone.key == "UTC" else text
