//! Properties, and the operations by which calls change them.

use super::value::write_json_object;
use super::{Number, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A properties object, sorted by name.
pub type Properties = BTreeMap<String, Value>;

/// What one identify() or group() call does to properties, in this order of application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PropertyOps {
    /// Replaces each named value; `null` removes it.
    pub properties: Properties,
    /// Sets where absent.
    pub set_once: Properties,
    /// Adds to a number; an absent one is 0; anything else stays as it is.
    pub add: BTreeMap<String, Number>,
    /// Adds to the end of a list: the elements of a list, or one value.
    pub append: Properties,
    /// As `append`, without elements that the list already has.
    pub union: Properties,
}

impl PropertyOps {
    /// Operations that set these properties.
    pub fn set(properties: Properties) -> Self {
        Self { properties, ..Self::default() }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The bytes that count against the limit: each given object as compact JSON.
    pub fn json_bytes(&self) -> usize {
        self.parts().iter().filter(|(_, fields)| !fields.is_empty()).map(|(_, fields)| object_json(fields).len()).sum()
    }

    /// The given objects under their field names, as input lines carry them, in order of application.
    pub fn parts(&self) -> [(&'static str, Properties); 5] {
        let add = self.add.iter().map(|(name, number)| (name.clone(), Value::Number(*number))).collect();
        [
            ("properties", self.properties.clone()),
            ("set_once", self.set_once.clone()),
            ("add", add),
            ("append", self.append.clone()),
            ("union", self.union.clone()),
        ]
    }

    /// The given parts as one compact JSON object; empty text when nothing is changed.
    pub fn to_json(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let given = self.parts().into_iter().filter(|(_, fields)| !fields.is_empty());
        object_json(&given.map(|(name, fields)| (name.to_owned(), Value::Object(fields))).collect())
    }

    /// Reads what [`Self::to_json`] wrote; `None` for anything else.
    pub fn from_json(json: &str) -> Option<Self> {
        Self::from_json_of(json, None)
    }

    /// The same, without what is said of other properties than these, if any are named: what happens to one property
    /// does not depend on others.
    pub fn from_json_of(json: &str, names: Option<&[&str]>) -> Option<Self> {
        let mut ops = Self::default();
        if json.is_empty() {
            return Some(ops);
        }
        let mut reader = serde_json::Deserializer::from_str(json);
        let parts = Parts { names }.deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        for (part, fields) in parts {
            match part.as_str() {
                "properties" => ops.properties = fields,
                "set_once" => ops.set_once = fields,
                "append" => ops.append = fields,
                "union" => ops.union = fields,
                "add" => {
                    ops.add = fields
                        .into_iter()
                        .map(|(name, value)| Some((name, value.as_number()?)))
                        .collect::<Option<_>>()?;
                }
                _ => return None,
            }
        }
        Some(ops)
    }

    /// Folds this call over the properties that the calls before it left.
    pub fn apply(self, current: &mut Properties) {
        for (name, value) in self.properties {
            if value.is_null() {
                current.remove(&name);
            } else {
                current.insert(name, value);
            }
        }
        for (name, value) in self.set_once {
            current.entry(name).or_insert(value);
        }
        for (name, number) in self.add {
            match current.get_mut(&name) {
                None => {
                    current.insert(name, Value::Number(number));
                }
                Some(Value::Number(sum)) => {
                    if let Some(added) = add_numbers(*sum, number) {
                        *sum = added;
                    }
                }
                Some(_) => {}
            }
        }
        for (name, value) in self.append {
            as_list(current, name).extend(elements(value));
        }
        for (name, value) in self.union {
            let list = as_list(current, name);
            for element in elements(value) {
                if !list.contains(&element) {
                    list.push(element);
                }
            }
        }
    }
}

/// Reads the given objects of a call, each by the name of its operation.
struct Parts<'n> {
    names: Option<&'n [&'n str]>,
}

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = Vec<(String, Properties)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Vec<(String, Properties)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the operations of a call")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = map.next_key()? {
            parts.push((part, map.next_value_seed(Fields { names: self.names })?));
        }
        Ok(parts)
    }
}

/// Reads the wanted fields of an object, and passes over the others.
struct Fields<'n> {
    names: Option<&'n [&'n str]>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Properties;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Properties, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Properties;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
        let mut fields = Properties::new();
        while let Some(name) = map.next_key_seed(WantedName { names: self.names })? {
            match name {
                Some(name) => {
                    fields.insert(name, map.next_value()?);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// Reads the name of a field, and keeps it if it is wanted.
struct WantedName<'n> {
    names: Option<&'n [&'n str]>,
}

impl<'de> DeserializeSeed<'de> for WantedName<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WantedName<'_> {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<String>, E> {
        Ok(self.names.is_none_or(|names| names.contains(&name)).then(|| name.to_owned()))
    }
}

/// The elements that a value stands for in `append` and `union`.
fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        other => vec![other],
    }
}

/// The named list; a present value that is none becomes its first element.
fn as_list(current: &mut Properties, name: String) -> &mut Vec<Value> {
    let slot = current.entry(name).or_insert_with(|| Value::List(Vec::new()));
    if !matches!(slot, Value::List(_)) {
        let first = std::mem::replace(slot, Value::Null);
        *slot = Value::List(vec![first]);
    }
    match slot {
        Value::List(items) => items,
        _ => unreachable!("the value was made a list above"),
    }
}

/// The sum: exact among integers that fit 64 bits, else of doubles; `None` beyond doubles.
fn add_numbers(a: Number, b: Number) -> Option<Number> {
    if let (Some(x), Some(y)) = (a.to_i128(), b.to_i128()) {
        // Two 64-bit integers cannot overflow 128 bits.
        let sum = x + y;
        if let Ok(small) = i64::try_from(sum) {
            return Some(Number::Integer(small));
        }
        if let Ok(large) = u64::try_from(sum) {
            return Some(Number::from_u64(large));
        }
        return Number::from_f64(sum as f64);
    }
    Number::from_f64(a.to_f64() + b.to_f64())
}

/// An object as compact JSON.
pub fn object_json(fields: &Properties) -> String {
    let mut text = String::new();
    write_json_object(fields, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Properties {
        match Value::from_serde(&serde_json::from_str(json).unwrap()) {
            Value::Object(fields) => fields,
            _ => panic!("an object was expected"),
        }
    }

    #[test]
    fn one_call_applies_its_parts_in_order() {
        let mut current = object(r#"{"plan":"free","seats":"many","tags":"a","n":1}"#);
        let ops = PropertyOps {
            properties: object(r#"{"plan":null,"n":2}"#),
            set_once: object(r#"{"plan":"pro","n":9}"#),
            add: [
                ("n".to_owned(), Number::Integer(3)),
                ("seats".to_owned(), Number::Integer(1)),
                ("new".to_owned(), Number::Integer(4)),
            ]
            .into(),
            append: object(r#"{"tags":["b","a"]}"#),
            union: object(r#"{"tags":["c","b"],"list":"x"}"#),
        };
        assert_eq!(PropertyOps::from_json(&ops.to_json()), Some(ops.clone()));
        assert_eq!(PropertyOps::from_json(r#"{"properties":{}}x"#), None);
        assert_eq!(PropertyOps::from_json(r#"{"properties":{"a":1}"#), None);
        for name in ["plan", "n", "tags", "missing"] {
            // One property alone is what it is among all.
            let mut alone = current.clone();
            let part = PropertyOps::from_json_of(&ops.to_json(), Some(&[name])).unwrap();
            assert!(part.parts().iter().all(|(_, fields)| fields.keys().all(|known| known == name)));
            part.apply(&mut alone);
            let mut whole = current.clone();
            ops.clone().apply(&mut whole);
            assert_eq!(alone.get(name), whole.get(name), "{name}");
        }
        ops.apply(&mut current);
        let expected = r#"{"list":["x"],"n":5,"new":4,"plan":"pro","seats":"many","tags":["a","b","a","c"]}"#;
        assert_eq!(object_json(&current), expected);
    }

    #[test]
    fn sums_leave_64_bits_as_doubles() {
        let max = Number::Integer(i64::MAX);
        assert_eq!(add_numbers(max, Number::Integer(1)), Some(Number::from_u64(1 << 63)));
        assert!(matches!(add_numbers(Number::from_u64(u64::MAX), max), Some(Number::Double(_))));
        let huge = Number::from_f64(f64::MAX).unwrap();
        assert_eq!(add_numbers(huge, huge), None);
    }
}
