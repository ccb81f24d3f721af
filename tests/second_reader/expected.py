"""What exported lines say about bitmaps and members, computed without the reader."""

from collections import defaultdict
from datetime import datetime


def expected_bitmaps(rows):
    """The bitmaps of a segment from its rows, given as (arrival, track line): (rows, units, how many units)."""
    counts, units = defaultdict(int), defaultdict(set)

    def note(place, unit):
        counts[place] += 1
        units[place].add(unit)

    for arrival, line in rows:
        day = datetime.fromisoformat(line["timestamp"]).date().isoformat()  # export is in UTC
        note((line["event"], day, None, None), line["distinct_id"])
        for group_type, key in line.get("groups", {}).items():
            note((line["event"], day, group_type, None), key)
            note((None, None, group_type, key), arrival)
    return {place: (counts[place], frozenset(units[place]), len(units[place])) for place in counts}


def members(associations, group_type, key):
    """The users that belong to a key now."""
    return [said["user"] for said in associations if (said["group_type"], said["group_key"]) == (group_type, key)]
