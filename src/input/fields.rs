//! Reads one line's object into its fields, whatever their order; what they may hold is judged afterwards.

use super::Refusal;
use super::canonical::Canonical;
use super::fault::{Fault, Reading, Step};
use super::field::{FIELD_COUNT, Field, FieldSet};
use super::object::{Found, Given, GivenSeed, KeySeed, RawGroups, Scalar, ScalarSeed, only_objects_fit};
use crate::model::Properties;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The value of one field.
#[derive(Debug)]
pub(super) enum Content<'de> {
    /// Of a field that takes a string or a number.
    Scalar(Scalar<'de>),
    /// Of `groups`.
    Groups(Given<RawGroups<'de>>),
    /// Of `properties` and its like.
    Properties(Given<Properties>),
    /// Of `report`.
    Report(Given<Canonical>),
}

/// The fields of one line, as they were sent.
#[derive(Debug, Default)]
pub(super) struct Fields<'de> {
    /// Which fields there are.
    pub(super) present: FieldSet,
    /// The first name that no field has.
    pub(super) unknown: Option<String>,
    contents: [Option<Content<'de>>; FIELD_COUNT],
}

impl<'de> Fields<'de> {
    /// Reads the one object that the text is.
    pub(super) fn read(text: &'de str) -> Result<Self, Refusal> {
        let mut reading = Reading::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let result = FieldsSeed { reading: &mut reading }
            .deserialize(&mut deserializer)
            .and_then(|fields| deserializer.end().map(|()| fields));
        match result {
            Ok(fields) => Ok(fields),
            Err(_) if text.trim_ascii().is_empty() => Err(Refusal::Nothing),
            Err(error) => Err(reading.refusal(&error, text)),
        }
    }

    /// Takes the value of a field out.
    pub(super) fn take(&mut self, field: Field) -> Option<Content<'de>> {
        self.contents[field as usize].take()
    }
}

struct FieldsSeed<'r> {
    reading: &'r mut Reading,
}

impl FieldsSeed<'_> {
    fn unfit<T, E: Error>(self, found: Found) -> Result<T, E> {
        Err(self.reading.stop(Fault::NotAnObject(found)))
    }
}

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = Fields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    only_objects_fit!();

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            let Some(field) = Field::from_name(&key) else {
                // The line is refused for this name whatever it holds, so that is passed over, not kept.
                map.next_value::<IgnoredAny>()?;
                fields.unknown.get_or_insert_with(|| key.into_owned());
                continue;
            };
            if !fields.present.insert(field) {
                return Err(self.reading.stop(Fault::DuplicateKey(key.into_owned())));
            }
            match read_content(&mut map, field, self.reading) {
                Ok(content) => fields.contents[field as usize] = Some(content),
                Err(error) => {
                    self.reading.inside(Step::Key(key.into_owned()));
                    return Err(error);
                }
            }
        }
        Ok(fields)
    }
}

/// Reads the value of this field.
fn read_content<'de, A: MapAccess<'de>>(
    map: &mut A,
    field: Field,
    reading: &mut Reading,
) -> Result<Content<'de>, A::Error> {
    match field {
        Field::Type
        | Field::DistinctId
        | Field::Event
        | Field::GroupType
        | Field::GroupKey
        | Field::Alias
        | Field::Name
        | Field::Timestamp
        | Field::InsertId => map.next_value_seed(ScalarSeed).map(Content::Scalar),
        Field::Groups => map.next_value_seed(GivenSeed::new(reading)).map(Content::Groups),
        Field::Report => map.next_value_seed(GivenSeed::new(reading)).map(Content::Report),
        Field::Properties | Field::SetOnce | Field::Add | Field::Append | Field::Union => {
            map.next_value_seed(GivenSeed::new(reading)).map(Content::Properties)
        }
    }
}
