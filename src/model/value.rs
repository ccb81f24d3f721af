//! JSON values as the report language sees them: one form per value, one order over all of them.

use super::Number;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A JSON value. Objects are kept sorted by key, so equal values have equal compact JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Counts as absent in reports; removes in identify() and group() calls.
    Null,
    /// `true` or `false`; neither equals a number.
    Bool(bool),
    /// A number in its one form.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
}

/// A value that is borrowed: a scalar as it lies somewhere, or a nested [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in its one form.
    Number(Number),
    /// A string.
    String(&'a str),
    /// A list or an object.
    Nested(&'a Value),
}

impl ValueRef<'_> {
    /// The value on its own.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::String(text) => Value::string(text),
            Self::Nested(value) => value.clone(),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::String(text),
            Value::List(_) | Value::Object(_) => Self::Nested(value),
        }
    }
}

/// What kind of JSON value something is, in the order of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
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

impl ValueKind {
    /// All kinds. Sorted values hold them in this order, each in one run.
    pub const ALL: [Self; 6] = [Self::Null, Self::Boolean, Self::Number, Self::String, Self::List, Self::Object];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

impl Value {
    /// What kind of value it is.
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Null => ValueKind::Null,
            Self::Bool(_) => ValueKind::Boolean,
            Self::Number(_) => ValueKind::Number,
            Self::String(_) => ValueKind::String,
            Self::List(_) => ValueKind::List,
            Self::Object(_) => ValueKind::Object,
        }
    }

    /// A string value.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// An integer value.
    pub fn integer(value: i64) -> Self {
        Self::Number(Number::Integer(value))
    }

    /// The number, when it is one.
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is `null`, which counts as absent.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value as compact JSON, keys sorted.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text);
        text
    }

    /// Appends the value as compact JSON, keys sorted.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => {
                use std::fmt::Write;
                // Writing to a String cannot fail.
                let _ = write!(out, "{number}");
            }
            Self::String(text) => write_json_string(text, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(fields) => write_json_object(fields, out),
        }
    }

    /// The levels of nesting: 0 for a scalar, 1 for a list or object of scalars.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(fields) => 1 + fields.values().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The value in `serde_json`'s form.
    pub fn to_serde(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => serde_json::Value::Bool(*b),
            Self::Number(Number::Integer(i)) => (*i).into(),
            Self::Number(Number::Large(u)) => (*u).into(),
            Self::Number(Number::Double(d)) => (*d).into(),
            Self::String(s) => s.clone().into(),
            Self::List(items) => items.iter().map(Self::to_serde).collect(),
            Self::Object(fields) => {
                serde_json::Value::Object(fields.iter().map(|(k, v)| (k.clone(), v.to_serde())).collect())
            }
        }
    }

    /// The value of `serde_json`'s form. Numbers take their one form.
    pub fn from_serde(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Bool(*b),
            serde_json::Value::Number(n) => {
                let number = match (n.as_i64(), n.as_u64()) {
                    (Some(i), _) => Some(Number::Integer(i)),
                    (None, Some(u)) => Some(Number::from_u64(u)),
                    (None, None) => n.as_f64().and_then(Number::from_f64),
                };
                number.map_or(Self::Null, Self::Number)
            }
            serde_json::Value::String(s) => Self::String(s.clone()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_serde).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(fields.iter().map(|(k, v)| (k.clone(), Self::from_serde(v))).collect())
            }
        }
    }

    /// Rank of the kind in the order of values: null, booleans, numbers, strings, then lists and objects.
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::List(_) | Self::Object(_) => 4,
        }
    }
}

/// Appends an object as compact JSON.
pub fn write_json_object(fields: &BTreeMap<String, Value>, out: &mut String) {
    out.push('{');
    for (i, (key, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_json_string(key, out);
        out.push(':');
        value.write_json(out);
    }
    out.push('}');
}

/// Appends a JSON string with its quotes.
pub fn write_json_string(text: &str, out: &mut String) {
    // Serializing a string cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    /// null, false, true, numbers, strings by UTF-8 bytes, then lists and objects by compact JSON with sorted keys.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::List(_) | Self::Object(_), Self::List(_) | Self::Object(_)) => self.to_json().cmp(&other.to_json()),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Looks up a dotted path: at each level the whole rest as a key first, else up to the first dot; objects only.
/// `None` when absent or null.
pub fn lookup_path<'a>(fields: &'a BTreeMap<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = fields.get(path)
        && !value.is_null()
    {
        return Some(value);
    }
    let (head, rest) = path.split_once('.')?;
    match fields.get(head) {
        Some(Value::Object(inner)) => lookup_path(inner, rest),
        _ => None,
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_serde().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    /// Without a tree of another kind between; numbers take their one form.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

/// Takes a value from whatever is read.
struct Reading;

impl<'de> serde::de::Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::from_u64(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::string(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = fields.next_entry()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::integer(value)
    }
}

impl From<f64> for Value {
    /// A number in its one form; null when it is not finite, as in JSON.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::string(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_serde(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn one_and_one_point_nought_are_one_value_but_not_the_string_nor_true() {
        assert_eq!(value("1"), value("1.0"));
        assert_ne!(value("1"), value("\"1\""));
        assert_ne!(value("1"), value("true"));
    }

    #[test]
    fn the_order_of_values() {
        let sorted = ["null", "false", "true", "-1", "0.5", "1", "1e300", "\"\"", "\"B\"", "\"a\"", "[1]", "{\"a\":1}"];
        let values: Vec<Value> = sorted.iter().map(|json| value(json)).collect();
        for pair in values.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
    }

    #[test]
    fn a_path_takes_the_whole_rest_as_a_key_first() {
        let Value::Object(fields) = value(r#"{"a.b":1,"a":{"b":2,"c":{"d":3},"c.d":null},"l":[{"x":1}]}"#) else {
            panic!()
        };
        assert_eq!(lookup_path(&fields, "a.b"), Some(&value("1")));
        assert_eq!(lookup_path(&fields, "a.c.d"), Some(&value("3")), "null is absent, so the nested value is found");
        assert_eq!(lookup_path(&fields, "l.x"), None, "objects only");
        assert_eq!(lookup_path(&fields, "a.b.c"), None);
    }

    #[test]
    fn a_value_read_at_once_is_the_one_read_through_a_tree() {
        let big = format!("[{}, {}, -9223372036854775808, 1.0, -0.0, 2.50]", u64::MAX, i64::MAX);
        for json in ["null", "true", r#""a\u00e9""#, r#"{"b":{"c":[{}]},"a":[null,false]}"#, "1e308", &big] {
            assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value(json), "{json}");
        }
    }

    #[test]
    fn json_is_compact_with_sorted_keys() {
        assert_eq!(value(r#"{"b": [1.50, "x\n"], "a": null}"#).to_json(), r#"{"a":null,"b":[1.5,"x\n"]}"#);
    }
}
