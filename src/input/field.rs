//! The five kinds of input, and the fields that each of them takes.

/// What an input line says: the value of its field `type`, or the address it was posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An event.
    Track,
    /// Properties of a user.
    Identify,
    /// Properties of a group key, and who belongs to it.
    Group,
    /// Two ids are one user.
    Alias,
    /// A saved cohort.
    Cohort,
}

/// A field of an input line. The order is that of written lines, of checks and of lists in refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Type,
    DistinctId,
    Event,
    GroupType,
    GroupKey,
    Alias,
    Name,
    Report,
    Timestamp,
    InsertId,
    Groups,
    Properties,
    SetOnce,
    Add,
    Append,
    Union,
}

/// How many fields there are.
pub(super) const FIELD_COUNT: usize = 16;

impl Field {
    /// All fields, in order.
    const ALL: [Self; FIELD_COUNT] = [
        Self::Type,
        Self::DistinctId,
        Self::Event,
        Self::GroupType,
        Self::GroupKey,
        Self::Alias,
        Self::Name,
        Self::Report,
        Self::Timestamp,
        Self::InsertId,
        Self::Groups,
        Self::Properties,
        Self::SetOnce,
        Self::Add,
        Self::Append,
        Self::Union,
    ];

    /// The name as it stands in a line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::DistinctId => "distinct_id",
            Self::Event => "event",
            Self::GroupType => "group_type",
            Self::GroupKey => "group_key",
            Self::Alias => "alias",
            Self::Name => "name",
            Self::Report => "report",
            Self::Timestamp => "timestamp",
            Self::InsertId => "insert_id",
            Self::Groups => "groups",
            Self::Properties => "properties",
            Self::SetOnce => "set_once",
            Self::Add => "add",
            Self::Append => "append",
            Self::Union => "union",
        }
    }

    /// The field of this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "type" => Self::Type,
            "distinct_id" => Self::DistinctId,
            "event" => Self::Event,
            "group_type" => Self::GroupType,
            "group_key" => Self::GroupKey,
            "alias" => Self::Alias,
            "name" => Self::Name,
            "report" => Self::Report,
            "timestamp" => Self::Timestamp,
            "insert_id" => Self::InsertId,
            "groups" => Self::Groups,
            "properties" => Self::Properties,
            "set_once" => Self::SetOnce,
            "add" => Self::Add,
            "append" => Self::Append,
            "union" => Self::Union,
            _ => return None,
        })
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet(u16);

impl FieldSet {
    /// The set of these fields.
    pub(super) const fn of(fields: &[Field]) -> Self {
        let (mut bits, mut position) = (0, 0);
        while position < fields.len() {
            bits |= 1 << fields[position] as u16;
            position += 1;
        }
        Self(bits)
    }

    /// The fields of both sets.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Adds a field; false when it was there already.
    pub(super) fn insert(&mut self, field: Field) -> bool {
        let bit = 1 << field as u16;
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }

    /// The fields of this set that are not in the other, in order.
    pub(super) fn without(self, other: Self) -> impl Iterator<Item = Field> {
        let rest = self.0 & !other.0;
        Field::ALL.into_iter().filter(move |field| rest & (1 << *field as u16) != 0)
    }
}

impl Kind {
    /// All kinds, in the order in which refusals list them.
    pub const ALL: [Self; 5] = [Self::Track, Self::Identify, Self::Group, Self::Alias, Self::Cohort];

    /// The value of `type` that stands for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Cohort => "cohort",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How refusals speak of it.
    pub(super) const fn spoken(self) -> &'static str {
        match self {
            Self::Track => "track()",
            Self::Identify => "identify()",
            Self::Group => "group()",
            Self::Alias => "alias()",
            Self::Cohort => "a cohort",
        }
    }

    /// The fields it takes, `type` aside, in order.
    pub(super) const fn fields(self) -> &'static [Field] {
        use Field::*;
        match self {
            Self::Track => &[DistinctId, Event, Timestamp, InsertId, Groups, Properties],
            Self::Identify => &[DistinctId, Timestamp, Properties, SetOnce, Add, Append, Union],
            Self::Group => &[DistinctId, GroupType, GroupKey, Timestamp, Properties, SetOnce, Add, Append, Union],
            Self::Alias => &[DistinctId, Alias, Timestamp],
            Self::Cohort => &[Name, Report],
        }
    }

    /// The fields it cannot do without, in order.
    pub(super) const fn required(self) -> &'static [Field] {
        use Field::*;
        match self {
            Self::Track => &[DistinctId, Event],
            Self::Identify => &[DistinctId],
            Self::Group => &[GroupType, GroupKey],
            Self::Alias => &[DistinctId, Alias],
            Self::Cohort => &[Name, Report],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of names are inverse to each other, and every field belongs to some kind.
    #[test]
    fn names_read_back() {
        for (position, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(Field::from_name(field.name()), Some(field));
            assert_eq!(field as usize, position);
            assert!(field == Field::Type || Kind::ALL.iter().any(|kind| kind.fields().contains(&field)), "{field:?}");
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert!(kind.required().iter().all(|field| kind.fields().contains(field)), "{kind:?}");
        }
        assert_eq!(Field::from_name("Type"), None);
        assert_eq!(Kind::from_name("page"), None);
    }

    #[test]
    fn a_set_lists_its_fields_in_order() {
        let mut set = FieldSet::of(&[Field::Union, Field::Type]);
        assert!(set.insert(Field::Alias));
        assert!(!set.insert(Field::Alias));
        let rest: Vec<Field> = set.without(FieldSet::of(&[Field::Alias])).collect();
        assert_eq!(rest, [Field::Type, Field::Union]);
    }
}
