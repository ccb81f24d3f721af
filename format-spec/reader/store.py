"""A whole store: opens what the manifest lists and replays the log. README.md, "Life of a directory"; log.md, "Replay".

Opening reads every file and checks every checksum, every structure and every reference between files.
"""

import time
from dataclasses import dataclass

from accepted import Alias, Association, Cohort, Event, Group, Identify
from dictionary import EVENTS, GROUP_TYPES, KEYS, PROPERTIES, USERS, Dictionaries
from directory import NotYet, read_file, synced_by_writer
from log import Declared, Keep, Log, OnlyDeclared, ReportsTimezone
from manifest import MOST_BATCH_KEYS, BatchKey, Import, read_manifest
from operations import apply
from profiles import Profiles
from segment import Segment
from spans import Damage, Refused

FIRST_TIME, LAST_TIME = -62_135_596_800_000_000, 253_402_300_799_999_999
DAY_MICROSECONDS = 24 * 3600 * 1_000_000
TRIES = 200
PAUSE_SECONDS = 0.005


def open_store(directory):
    """Reads a store, beside a writer if there is one."""
    for tries_left in range(TRIES, -1, -1):
        manifest = read_manifest(read_file(directory, "MANIFEST"))
        try:
            return Store(directory, manifest, wait=tries_left > 0)
        except NotYet:
            time.sleep(PAUSE_SECONDS)
        except (Refused, FileNotFoundError) as error:
            if read_manifest(read_file(directory, "MANIFEST")).generation == manifest.generation or not tries_left:
                raise _missing(error) if isinstance(error, FileNotFoundError) else error


def _missing(error):
    return Damage("the manifest lists it and it is not there", str(error.filename), 0)


@dataclass
class Version:
    """The properties of a user or key from a call on."""

    time: int
    arrival: int
    properties: dict


class Store:
    def __init__(self, directory, manifest, wait):
        self.directory, self.manifest, self.sizes = directory, manifest, {}
        self.names, self.declared, self.imports = Dictionaries(), dict(manifest.declared), list(manifest.imports)
        self.batch_keys = list(manifest.batch_keys)
        self.only_declared, self.keep_days = manifest.only_declared, manifest.keep_days
        self.reports_timezone = manifest.reports_timezone
        for file in manifest.dictionaries:
            self._identified(file, self.names.add_part(self._read(file)))
        self.segments = [self._sealed(file, Segment) for file in manifest.segments]
        self.profiles = [self._sealed(file, Profiles) for file in manifest.profiles]
        self.accepted = [row for segment in self.segments for row in segment.rows]
        self.accepted += [call for part in self.profiles for call in part.calls]
        self.associations = [a for part in self.profiles for a in part.associations]
        self._check_arrivals()
        for part in [*self.segments, *self.profiles]:
            for thing in part.things():
                self._check_thing(part.name, thing)
        self._check_associations()
        arrival, self.logs = manifest.sealed_arrivals, []
        for file in manifest.logs:
            self.logs.append(self._replay(file, arrival, wait))
            arrival = self.logs[-1].next_arrival
        self.accepted.sort(key=lambda thing: thing.arrival)
        self._shown = self._joined()

    # ---- opening

    def _read(self, file):
        span = read_file(self.directory, file.name)
        if file.length is not None:
            span.expect(len(span) == file.length, f"it has {len(span)} bytes, the manifest says {file.length}")
        self.sizes[file.name] = len(span)
        return span

    def _identified(self, file, identity):
        if identity != file.identity:
            raise Damage("its identity is not the one in the manifest", file.name, 24)

    def _sealed(self, file, kind):
        part = kind(self._read(file))
        self._identified(file, part.identity)
        return part

    def _replay(self, file, arrival, wait):
        synced = file.length
        if synced is None:
            try:
                synced = synced_by_writer(self.directory, file.number)
            except NotYet:
                if wait:
                    raise
        log = Log(self._read(file), arrival, synced, file.synced)
        self._identified(file, log.identity)
        for batch in log.batches:
            for section, name in batch.definitions:
                self.names.add(batch.span, section, name)
            for record in batch.records:
                self._take(batch.span, record)
        return log

    def _take(self, span, record):
        """Does what a record of a log says."""
        if isinstance(record, Declared):
            self.name(GROUP_TYPES, record.group_type, span.file)
            self.declared[record.group_type] = record.name
        elif isinstance(record, OnlyDeclared):
            self.only_declared = record.on
        elif isinstance(record, Keep):
            self.keep_days = record.days
        elif isinstance(record, ReportsTimezone):
            self.reports_timezone = record.name
        elif isinstance(record, Import):
            replaced = (record.continues, record.digest)
            self.imports = [done for done in self.imports if done.digest not in replaced] + [record]
        elif isinstance(record, BatchKey):
            self.batch_keys = [sent for sent in self.batch_keys if sent.key != record.key] + [record]
            while (len(self.batch_keys) > MOST_BATCH_KEYS
                   or self.batch_keys[0].time < record.time - DAY_MICROSECONDS):
                del self.batch_keys[0]
        else:
            self._check_thing(span.file, record)
            if isinstance(record, Event):
                names = [self.name(PROPERTIES, name) for name in record.properties]
                span.expect(names == sorted(names, key=str.encode), "properties are not sorted by their names")
            self.accepted.append(record)
            self.associations += associations_of(record)

    # ---- what files say about each other

    def _check_arrivals(self):
        """Refuses parts that are not in order of arrival, and sealed arrivals that are taken twice or left out."""
        for parts in (self.segments, self.profiles):
            last = -1
            for part in parts:
                first, end = part.arrivals
                self._expect(last < first <= end < self.manifest.sealed_arrivals, "parts are not in order of arrival")
                last = end
        arrivals = {thing.arrival for thing in self.accepted}
        self._expect(len(arrivals) == len(self.accepted), "an arrival is taken twice")
        missing = self.manifest.sealed_arrivals - len(arrivals)
        self._expect(missing == self.manifest.erased_arrivals, "an arrival is in no sealed file and was not erased")

    def _check_thing(self, file, thing):
        """Refuses ids that nothing defines, and times beyond the calendar."""
        if getattr(thing, "time", None) is not None and not FIRST_TIME <= thing.time <= LAST_TIME:
            raise Damage(f"{thing.time} is no time", file, 0)
        if isinstance(thing, Event):
            self.name(EVENTS, thing.event, file)
            for name in thing.properties:
                self.name(PROPERTIES, name, file)
            for group_type, key in thing.groups.items():
                self.name(KEYS, key, file, group_type)
        if isinstance(thing, (Group, Association)):
            self.name(KEYS, thing.key, file, thing.group_type)
        for user in (getattr(thing, "user", None), getattr(thing, "alias", None)):
            if user is not None:
                self.name(USERS, user, file)

    def _check_associations(self):
        """Refuses associations that are not the latest that calls and events say."""
        said = {(a.user, a.group_type, a.arrival): a for thing in self.accepted for a in associations_of(thing)}
        for kept in self.associations:
            self._expect(said.get((kept.user, kept.group_type, kept.arrival)) == kept,
                         f"nothing says the association with arrival {kept.arrival}")
        self._expect(latest_associations(said.values()) == latest_associations(self.associations),
                     "an association is not the latest that calls and events say")

    def _expect(self, holds, problem):
        if not holds:
            raise Damage(problem, "MANIFEST", 0)

    # ---- what the store says

    def name(self, number, id, file="MANIFEST", group_type=None):
        """A name, which something in `file` refers to."""
        try:
            return self.names.name(number, id, group_type)
        except KeyError as error:
            raise Damage(str(error.args[0]), file, 0) from error

    def _joined(self):
        """From each user id that alias() calls touch to the id under which it is shown."""
        shown, under = {}, {}
        for call in self.accepted:
            if isinstance(call, Alias):
                stays, joins = shown.get(call.user, call.user), shown.get(call.alias, call.alias)
                if stays != joins:
                    moved = under.pop(joins, [joins])
                    under.setdefault(stays, [stays]).extend(moved)
                    shown.update((id, stays) for id in moved)
        return shown

    def shown(self, user):
        """The id under which a user id is shown."""
        return self._shown.get(user, user)

    def versions(self):
        """The versions of each user ("user", id) and key (type id, key id) with calls, in order."""
        calls = {}
        for call in self.accepted:
            if isinstance(call, Identify):
                calls.setdefault(("user", self.shown(call.user)), []).append(call)
            elif isinstance(call, Group):
                calls.setdefault((call.group_type, call.key), []).append(call)
        for entity, of_entity in calls.items():
            versions, properties = [], {}
            for call in sorted(of_entity, key=lambda call: (call.time, call.arrival)):
                properties = apply(call.operations, properties)
                versions.append(Version(call.time, call.arrival, properties))
            yield entity, versions

    def current_associations(self):
        """The latest association of each user and group type, users as they are shown."""
        return latest_associations(self.associations, self.shown)

    def cohorts(self):
        """The document of each cohort."""
        return {thing.name: thing.document for thing in self.accepted if isinstance(thing, Cohort)}


def associations_of(thing):
    """What an event or a group() call says about the keys that its user belongs to."""
    if isinstance(thing, Event):
        return [Association(thing.user, type_, thing.time, thing.arrival, key) for type_, key in thing.groups.items()]
    if isinstance(thing, Group) and thing.user is not None:
        return [Association(thing.user, thing.group_type, thing.time, thing.arrival, thing.key)]
    return []


def latest_associations(associations, shown=lambda user: user):
    """The last by (time, arrival) for each user and type."""
    latest = {}
    for said in associations:
        place = shown(said.user), said.group_type
        if place not in latest or (latest[place].time, latest[place].arrival) < (said.time, said.arrival):
            latest[place] = said
    return latest
