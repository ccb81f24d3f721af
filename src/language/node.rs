//! A document as a tree that keeps what `serde_json::Value` drops: fields given twice, and numbers as written.

use super::{DocumentError, Problem};
use crate::model::value::write_json_string;
use crate::model::{Number, Value};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The deepest nesting of a document; the document itself is the first level.
pub(super) const DOCUMENT_DEPTH_MAX: usize = 64;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Literal),
    String(String),
    List(Vec<Node>),
    /// Fields in the order given.
    Object(Vec<(String, Node)>),
}

/// A number and the text that it was written as.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    pub value: Number,
    pub text: String,
}

impl Node {
    /// Reads JSON and checks what holds for any document: no field twice, no deeper than the limit.
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        let mut node: Self = serde_json::from_str(json).map_err(|error| {
            let detail = error.to_string();
            // The JSON reader has a limit of its own, above ours.
            let problem = match detail.starts_with("recursion limit") {
                true => Problem::TooDeep { max: DOCUMENT_DEPTH_MAX },
                false => Problem::NotJson { detail },
            };
            DocumentError::new("", problem)
        })?;
        node.take_literals(&mut literals(json));
        node.checked()
    }

    /// Takes a tree of `serde_json`, whose numbers are no more than doubles beyond 64 bits.
    pub fn from_serde(value: &serde_json::Value) -> Result<Self, DocumentError> {
        Self::from_serde_below(value, DOCUMENT_DEPTH_MAX)
            .ok_or_else(|| DocumentError::new("", Problem::TooDeep { max: DOCUMENT_DEPTH_MAX }))
    }

    /// `None` when there are more levels than these.
    fn from_serde_below(value: &serde_json::Value, levels: usize) -> Option<Self> {
        let below = |value| Self::from_serde_below(value, levels.checked_sub(1)?);
        Some(match value {
            serde_json::Value::Array(_) | serde_json::Value::Object(_) if levels == 0 => return None,
            serde_json::Value::Array(items) => Self::List(items.iter().map(below).collect::<Option<_>>()?),
            serde_json::Value::Object(fields) => {
                let field = |(name, value): (&String, _)| Some((name.clone(), below(value)?));
                Self::Object(fields.iter().map(field).collect::<Option<_>>()?)
            }
            scalar => Self::from(&Value::from_serde(scalar)),
        })
    }

    /// Puts the numbers as written, in the order of the text, in the place of their shortest forms.
    fn take_literals<'a>(&mut self, literals: &mut impl Iterator<Item = &'a str>) {
        match self {
            Self::Number(number) => {
                if let Some(text) = literals.next() {
                    number.text = text.to_owned();
                }
            }
            Self::List(items) => items.iter_mut().for_each(|item| item.take_literals(literals)),
            Self::Object(fields) => fields.iter_mut().for_each(|(_, value)| value.take_literals(literals)),
            Self::Null | Self::Bool(_) | Self::String(_) => {}
        }
    }

    /// Itself, when no object in it has a field twice and it is not too deep.
    pub fn checked(self) -> Result<Self, DocumentError> {
        self.check(1)?;
        Ok(self)
    }

    fn check(&self, depth: usize) -> Result<(), DocumentError> {
        if depth > DOCUMENT_DEPTH_MAX && matches!(self, Self::List(_) | Self::Object(_)) {
            return Err(DocumentError::new("", Problem::TooDeep { max: DOCUMENT_DEPTH_MAX }));
        }
        match self {
            Self::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    item.check(depth + 1).map_err(|error| error.inside(&format!("[{i}]")))?;
                }
            }
            Self::Object(fields) => {
                let mut seen = BTreeSet::new();
                for (name, value) in fields {
                    if !seen.insert(name) {
                        return Err(DocumentError::new("", Problem::Repeated { field: name.clone() }));
                    }
                    value.check(depth + 1).map_err(|error| error.inside(name))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What it is, in an error's words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The value in the form of filters and breakdowns.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.value),
            Self::String(text) => Value::String(text.clone()),
            Self::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
            }
        }
    }

    /// The tree of `serde_json`.
    pub fn to_serde(&self) -> serde_json::Value {
        self.to_value().to_serde()
    }

    /// Compact JSON, objects sorted by key, numbers as written.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text);
        text
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number.text),
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
            Self::Object(fields) => {
                let sorted: BTreeMap<&str, &Node> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
                out.push('{');
                for (i, (name, value)) in sorted.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_json_string(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// The numbers of a text that is valid JSON, as written and in order.
fn literals(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            let found = &rest[start..];
            if let Some(inside) = found.strip_prefix('"') {
                rest = after_string(inside);
                continue;
            }
            let end = found.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(found.len());
            rest = &found[end..];
            return Some(&found[..end]);
        }
    })
}

/// What follows a string whose opening quote was just passed.
fn after_string(inside: &str) -> &str {
    let mut escaped = false;
    for (i, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return &inside[i + 1..],
            _ => {}
        }
    }
    ""
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Number::Integer(number).into())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(Number::from_u64(number).into())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        Number::from_f64(number).map(Node::from).ok_or_else(|| E::custom("a number is beyond doubles"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }
}

impl From<Number> for Node {
    fn from(value: Number) -> Self {
        Self::Number(Literal { value, text: value.to_string() })
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => (*number).into(),
            Value::String(text) => Self::String(text.clone()),
            Value::List(items) => items.iter().map(Self::from).collect(),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Number::from_u64(number).into()
    }
}

impl From<usize> for Node {
    fn from(number: usize) -> Self {
        (number as u64).into()
    }
}

impl FromIterator<Node> for Node {
    fn from_iter<I: IntoIterator<Item = Node>>(items: I) -> Self {
        Self::List(items.into_iter().collect())
    }
}

/// Writes an object field by field, leaving out what is default.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<(String, Node)>);

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn put(mut self, name: &str, value: impl Into<Node>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Writes a field when there is a value.
    pub fn put_some(self, name: &str, value: impl Into<Option<Node>>) -> Self {
        match value.into() {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// Writes a field unless it holds its default.
    pub fn put_unless<T: PartialEq + Into<Node>>(self, name: &str, value: T, default: T) -> Self {
        if value == default { self } else { self.put(name, value) }
    }

    pub fn done(self) -> Node {
        Node::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_written_whatever_strings_stand_between() {
        let json = r#"{"a\"1":[1.50,"2 \\",-3e2],"4":{"b":"\\\"5","c":0.10000000000000000000000001}}"#;
        let node = Node::parse(json).unwrap();
        assert_eq!(node.to_json(), r#"{"4":{"b":"\\\"5","c":0.10000000000000000000000001},"a\"1":[1.50,"2 \\",-3e2]}"#);
    }

    #[test]
    fn repeated_fields_are_refused_with_their_place() {
        let error = Node::parse(r#"{"series":[{"a":1},{"b":{"c":1,"c":2}}]}"#).unwrap_err();
        assert_eq!(error.to_string(), "`series[1].b`: the field `c` is given twice; keep one");
    }

    #[test]
    fn depth_is_limited() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Node::parse(&nested(64)).is_ok());
        for levels in [65, 127, 5000] {
            let error = Node::parse(&nested(levels)).unwrap_err();
            assert_eq!(error.problem(), &Problem::TooDeep { max: 64 }, "{levels}");
        }
        let mut value = serde_json::Value::Null;
        for _ in 0..64 {
            value = vec![value].into();
        }
        assert!(Node::from_serde(&value).is_ok());
        assert!(Node::from_serde(&vec![value].into()).is_err());
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let error = Node::parse("{\"a\":}").unwrap_err();
        assert_eq!(error.to_string(), "the document is not valid JSON: expected value at line 1 column 6");
        assert!(Node::parse("1e999").is_err());
        assert!(Node::parse(r#""\ud800""#).is_err(), "a lone surrogate");
    }
}
