"""Names and their ids: dictionary.md."""

from container import Container
from packed import unpack
from records import list_of
from siphash import siphash13
from spans import Cursor, ascends, decoded

USERS, EVENTS, PROPERTIES, GROUP_TYPES, KEYS = range(5)
ERASABLE = (USERS, EVENTS, PROPERTIES, KEYS)  # lists of which names may have been erased
LONGEST = {USERS: 400, EVENTS: 200, GROUP_TYPES: 100, KEYS: 400}


class Dictionaries:
    """The lists of names of a store. A list is (number, id of the group type for keys, else None)."""

    def __init__(self):
        self._lists, self._known = {}, set()

    def add_part(self, file):
        """Adds the names of a dictionary file. Gives its identity."""
        container = Container(file, "dictionary")
        sections = list_of(container.content, _section)
        lists = [(number, group_type or 0) for (number, group_type), *_ in sections]
        file.expect(ascends(lists), "the sections are not in the order of their lists")
        for section, first_id, count, starts, names, slots, order in sections:
            there = len(self._lists.get(section, []))
            file.expect(first_id == there, f"a section begins with id {first_id} and not {there}")
            found = _names(container.blob(starts), container.blob(names), count)
            stored_order, in_order = container.blob(order), sorted(range(count), key=lambda place: (found[place], place))
            stored_order.expect(unpack(stored_order) == in_order, "the names are not in the order that is stored")
            for name in _unless_erased(section[0], found, container.blob(slots), container.identity):
                if name is None:
                    self._lists.setdefault(section, []).append(None)
                else:
                    self.add(file, section, decoded(file, name))
        container.finish()
        return container.identity

    def add(self, span, section, name):
        """Gives a name, which came from `span`, the next id of its list."""
        number, group_type = section
        if number == KEYS:
            span.expect(group_type < self.count((GROUP_TYPES, None)), "keys come before their type")
        length = len(name.encode())
        span.expect(number == PROPERTIES or 1 <= length <= LONGEST[number], f"a name of {length} bytes")
        span.expect((section, name) not in self._known, f"{name!r} is named twice")
        self._known.add((section, name))
        self._lists.setdefault(section, []).append(name)

    def count(self, section):
        return len(self._lists.get(section, []))

    def name(self, number, id, group_type=None):
        """The name of an id. A KeyError when there is none."""
        names = self._lists.get((number, group_type), [])
        if not 0 <= id < len(names):
            raise KeyError(f"nothing has the id {id} in list {number}")
        if names[id] is None:
            raise KeyError(f"the name with the id {id} in list {number} was erased")
        return names[id]


def _section(cursor):
    number = cursor.u32()
    cursor.expect(number <= KEYS, f"there is no list {number}")
    return ((number, cursor.u32() if number == KEYS else None), *(cursor.u32() for _ in range(6)))


def _names(starts, names, count):
    ends = unpack(starts)
    starts.expect(count >= 1 and len(ends) == count + 1, f"{len(ends)} starts for {count} names")
    starts.expect(ends[0] == 0 and ends[-1] == len(names), "the names do not fill their blob")
    return [bytes(names.part(one, end, "a name").data) for one, end in zip(ends, ends[1:])]


def _unless_erased(number, names, slots, identity):
    """The names of a list, None for those that were erased: they are empty and in no slot. Refuses a table in which a
    name is not found as dictionary.md says, or that has other entries."""
    size = 1 << (2 * len(names) - 1).bit_length()
    slots.expect(len(slots) == 4 * size, f"{len(slots)} bytes of slots for {len(names)} names")
    cursor = Cursor(slots)
    found, expected = [cursor.u32() for _ in range(size)], [0] * size
    named = set(found)
    names = [None if not name and number in ERASABLE and place + 1 not in named else name
             for place, name in enumerate(names)]
    for place, name in enumerate(names):
        if name is None:
            continue
        slot = siphash13(identity, name) % size
        while expected[slot]:
            slot = (slot + 1) % size
        expected[slot] = place + 1
    slots.expect(found == expected, "the slots do not lead to the names")
    return names
