//! Rewrites a report document as compact JSON with sorted keys while it is read, without a tree of values:
//! such documents may hold long lists, and a tree takes many times the bytes of its text.

use super::fault::{Fault, Reading, Step};
use super::object::{FromObject, KeySeed, finite, open};
use crate::model::Number;
use crate::model::value::write_json_string;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::ops::Range;

/// An object as compact JSON with sorted keys.
#[derive(Debug)]
pub(super) struct Canonical(pub(super) String);

impl<'de> FromObject<'de> for Canonical {
    fn from_object<A: MapAccess<'de>>(map: A, reading: &mut Reading) -> Result<Self, A::Error> {
        let mut out = String::new();
        write_object(map, reading, 0, &mut out)?;
        Ok(Self(out))
    }
}

/// Appends a value that lies inside `depth` lists and objects.
struct CanonicalSeed<'r> {
    reading: &'r mut Reading,
    depth: usize,
    out: &'r mut String,
}

impl<'de> DeserializeSeed<'de> for CanonicalSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl CanonicalSeed<'_> {
    fn number<E>(self, number: Number) -> Result<(), E> {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{number}");
        Ok(())
    }
}

impl<'de> Visitor<'de> for CanonicalSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.out.push_str("null");
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(Number::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(Number::from_u64(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let number = finite(value)?;
        self.number(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        write_json_string(text, self.out);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = open(self.depth, self.reading)?;
        self.out.push('[');
        let mut count = 0;
        loop {
            let length = self.out.len();
            if count > 0 {
                self.out.push(',');
            }
            match list.next_element_seed(CanonicalSeed { reading: &mut *self.reading, depth, out: &mut *self.out }) {
                Ok(Some(())) => count += 1,
                Ok(None) => {
                    self.out.truncate(length);
                    self.out.push(']');
                    return Ok(());
                }
                Err(error) => {
                    self.reading.inside(Step::Index(count));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        write_object(map, self.reading, self.depth, self.out)
    }
}

/// A key, and where it stands with its value among what is written.
type Entry<'de> = (Cow<'de, str>, Range<usize>);

/// Appends an object that lies inside `depth` others.
fn write_object<'de, A: MapAccess<'de>>(
    mut map: A,
    reading: &mut Reading,
    depth: usize,
    out: &mut String,
) -> Result<(), A::Error> {
    let depth = open(depth, reading)?;
    out.push('{');
    let body = out.len();
    let mut entries: Vec<Entry<'de>> = Vec::new();
    while let Some(key) = map.next_key_seed(KeySeed)? {
        if !entries.is_empty() {
            out.push(',');
        }
        let start = out.len();
        write_json_string(&key, out);
        out.push(':');
        if let Err(error) = map.next_value_seed(CanonicalSeed { reading: &mut *reading, depth, out: &mut *out }) {
            reading.inside(Step::Key(key.into_owned()));
            return Err(error);
        }
        entries.push((key, start..out.len()));
    }
    if !entries.is_sorted_by(|a, b| a.0 < b.0) {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(reading.stop(Fault::DuplicateKey(pair[0].0.to_string())));
        }
        let unsorted = out.split_off(body);
        for (position, (_, range)) in entries.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            out.push_str(&unsorted[range.start - body..range.end - body]);
        }
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::object::{Given, GivenSeed};
    use super::*;
    use crate::model::Value;

    /// The rewritten text and, as the reference, that of the tree of values.
    #[track_caller]
    fn check(json: &str) {
        let mut reading = Reading::default();
        let seed = GivenSeed::<Canonical>::new(&mut reading);
        let given = seed.deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
        let Given::Fit(Canonical(text)) = given else { panic!("an object was expected") };
        assert_eq!(text, Value::from_serde(&serde_json::from_str(json).unwrap()).to_json());
    }

    #[test]
    fn the_text_is_that_of_the_tree_of_values() {
        check("{}");
        check(r#"{"a":1,"b":[],"c":{}}"#);
        check(r#" { "b" : [ 1.50 , -0 , 1e3 , 1e300, 18446744073709551615 ] , "a" : { "z\n" : null , "é" : true } } "#);
        check(r#"{"c":[[{"y":1,"x":[{"b":2,"a":false}]}],"s"],"B":"\u0041","a b":"\"","":0}"#);
    }
}
