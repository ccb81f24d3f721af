//! Reads JSON values of a line in one pass, with the checks that the parser does not make: keys that stand twice,
//! nesting and number of values.

use super::fault::{Fault, Reading, Step};
use crate::model::limits::{PROPERTIES_BYTES_MAX, PROPERTIES_DEPTH_MAX};
use crate::model::{Number, Properties, Value};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::fmt;

/// The kinds of JSON values, as refusals name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Found {
    /// The kind of this value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// The visits to values that are no object, each handed to `$self.unfit`.
macro_rules! only_objects_fit {
    () => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            self.unfit(Found::Boolean)
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            self.unfit(Found::Number)
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            self.unfit(Found::Number)
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            self.unfit(Found::Number)
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            self.unfit(Found::String)
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            self.unfit(Found::Null)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let result = self.unfit(Found::List)?;
            // Passes the elements without recursion and without keeping them.
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(result)
        }
    };
}
pub(super) use only_objects_fit;

/// Reads a key, borrowed from the line where it holds no escapes.
pub(super) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A number of the line; the parser refuses those beyond doubles before.
pub(super) fn finite<E: Error>(value: f64) -> Result<Number, E> {
    Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))
}

/// The depth of a list or object that opens inside `depth` others.
pub(super) fn open<E: Error>(depth: usize, reading: &mut Reading) -> Result<usize, E> {
    if depth < PROPERTIES_DEPTH_MAX { Ok(depth + 1) } else { Err(reading.stop(Fault::TooDeep)) }
}

/// Reads any value that lies inside `depth` lists and objects.
struct ValueSeed<'r> {
    reading: &'r mut Reading,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.reading.count_value()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::from_u64(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        finite(value).map(Value::Number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let depth = open(self.depth, self.reading)?;
        let mut items = Vec::new();
        loop {
            match list.next_element_seed(ValueSeed { reading: &mut *self.reading, depth }) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::List(items)),
                Err(error) => {
                    self.reading.inside(Step::Index(items.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        read_object(map, self.reading, self.depth).map(Value::Object)
    }
}

/// Reads an object that lies inside `depth` others.
fn read_object<'de, A: MapAccess<'de>>(
    mut map: A,
    reading: &mut Reading,
    depth: usize,
) -> Result<Properties, A::Error> {
    let depth = open(depth, reading)?;
    let mut fields = Properties::new();
    while let Some(key) = map.next_key_seed(KeySeed)? {
        match fields.entry(key.into_owned()) {
            Entry::Vacant(slot) => match map.next_value_seed(ValueSeed { reading: &mut *reading, depth }) {
                Ok(value) => {
                    slot.insert(value);
                }
                Err(error) => {
                    reading.inside(Step::Key(slot.into_key()));
                    return Err(error);
                }
            },
            Entry::Occupied(slot) => return Err(reading.stop(Fault::DuplicateKey(slot.key().clone()))),
        }
    }
    Ok(fields)
}

/// The value of a field that takes an object: judged later, when the kind of the line is known.
#[derive(Debug)]
pub(super) enum Given<T> {
    /// An object.
    Fit(T),
    /// Anything else.
    Unfit(Found),
}

/// What is made of an object while it is read.
pub(super) trait FromObject<'de>: Sized {
    /// Reads the object.
    fn from_object<A: MapAccess<'de>>(map: A, reading: &mut Reading) -> Result<Self, A::Error>;
}

/// A value and its separator take at least two bytes, so more values than these are more bytes than allowed.
const VALUES_MAX: usize = PROPERTIES_BYTES_MAX / 2;

impl<'de> FromObject<'de> for Properties {
    fn from_object<A: MapAccess<'de>>(map: A, reading: &mut Reading) -> Result<Self, A::Error> {
        reading.allow_values(VALUES_MAX);
        read_object(map, reading, 0)
    }
}

/// The object of `groups` before its names are checked, sorted by type.
#[derive(Debug)]
pub(super) struct RawGroups<'de>(pub(super) Vec<(Cow<'de, str>, Scalar<'de>)>);

impl<'de> FromObject<'de> for RawGroups<'de> {
    fn from_object<A: MapAccess<'de>>(mut map: A, reading: &mut Reading) -> Result<Self, A::Error> {
        let mut groups = Vec::new();
        while let Some(group_type) = map.next_key_seed(KeySeed)? {
            match map.next_value_seed(ScalarSeed) {
                Ok(key) => groups.push((group_type, key)),
                Err(error) => {
                    reading.inside(Step::Key(group_type.into_owned()));
                    return Err(error);
                }
            }
        }
        groups.sort_by(|a, b| a.0.cmp(&b.0));
        match groups.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(reading.stop(Fault::DuplicateKey(pair[0].0.to_string()))),
            None => Ok(Self(groups)),
        }
    }
}

/// Reads the value of a field that takes an object.
pub(super) struct GivenSeed<'r, T> {
    reading: &'r mut Reading,
    made: std::marker::PhantomData<T>,
}

impl<'r, T> GivenSeed<'r, T> {
    /// A seed that notes its faults there.
    pub(super) fn new(reading: &'r mut Reading) -> Self {
        Self { reading, made: std::marker::PhantomData }
    }

    fn unfit<E>(self, found: Found) -> Result<Given<T>, E> {
        Ok(Given::Unfit(found))
    }
}

impl<'de, T: FromObject<'de>> DeserializeSeed<'de> for GivenSeed<'_, T> {
    type Value = Given<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: FromObject<'de>> Visitor<'de> for GivenSeed<'_, T> {
    type Value = Given<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    only_objects_fit!();

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given<T>, A::Error> {
        T::from_object(map, self.reading).map(Given::Fit)
    }
}

/// The value of a field that takes a string or a number: judged later, when the kind of the line is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'de> {
    /// A string.
    Text(Cow<'de, str>),
    /// A number without fraction and exponent, within 64 bits signed.
    Integer(i64),
    /// A number without fraction and exponent, above that.
    Large,
    /// Any other number.
    Double(f64),
    /// Anything else.
    Other(Found),
}

impl Scalar<'_> {
    /// The kind of value it is.
    pub(super) fn found(&self) -> Found {
        match self {
            Self::Text(_) => Found::String,
            Self::Integer(_) | Self::Large | Self::Double(_) => Found::Number,
            Self::Other(found) => *found,
        }
    }
}

/// Reads a [`Scalar`].
pub(super) struct ScalarSeed;

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Other(Found::Null))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Other(Found::Boolean))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Scalar::Large, Scalar::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Double(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other(Found::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other(Found::Object))
    }
}
