"""The things that a store accepts, by ids, as logs and sealed files both hold them."""

from dataclasses import dataclass


@dataclass(slots=True)
class Event:
    arrival: int
    user: int
    event: int
    time: int
    insert_id: str  # empty for none
    groups: dict  # from type id to key id
    properties: dict  # from property id to value


@dataclass(slots=True)
class Identify:
    arrival: int
    user: int
    time: int
    operations: dict


@dataclass(slots=True)
class Group:
    arrival: int
    group_type: int
    key: int
    user: int | None
    time: int
    operations: dict


@dataclass(slots=True)
class Alias:
    arrival: int
    user: int
    alias: int
    time: int | None


@dataclass(slots=True)
class Cohort:
    arrival: int
    name: str
    document: dict


@dataclass(slots=True)
class Association:
    """The latest word, in a part, on the key of a type that a user belongs to."""

    user: int
    group_type: int
    time: int
    arrival: int
    key: int
