//! Reads a document field by field and knows the place of everything it refuses.

use super::error::nearest;
use super::node::Node;
use super::words::Word;
use super::{DocumentError, Problem};
use std::ops::RangeInclusive;

/// A place in a document: the value there, and the path to it.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    node: &'a Node,
    path: String,
}

/// An object whose fields are all known.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    path: String,
    entries: &'a [(String, Node)],
}

impl<'a> At<'a> {
    pub fn root(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    pub fn node(&self) -> &'a Node {
        self.node
    }

    pub fn problem(&self, problem: Problem) -> DocumentError {
        DocumentError::new(self.path.as_str(), problem)
    }

    pub fn rule(&self, sentence: impl Into<String>) -> DocumentError {
        DocumentError::rule(self.path.as_str(), sentence)
    }

    pub fn wrong_type(&self, expected: &str) -> DocumentError {
        self.problem(Problem::WrongType { expected: expected.to_owned(), got: self.node.kind().to_owned() })
    }

    /// The string here.
    pub fn text(&self, expected: &str) -> Result<&'a str, DocumentError> {
        match self.node {
            Node::String(text) => Ok(text),
            _ => Err(self.wrong_type(expected)),
        }
    }

    pub fn truth(&self) -> Result<bool, DocumentError> {
        match self.node {
            Node::Bool(truth) => Ok(*truth),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    /// The whole number here, within a range.
    pub fn whole(&self, range: RangeInclusive<usize>) -> Result<usize, DocumentError> {
        let Node::Number(number) = self.node else { return Err(self.wrong_type("a whole number")) };
        let whole = number.value.to_i128().and_then(|number| usize::try_from(number).ok());
        whole.filter(|number| range.contains(number)).ok_or_else(|| {
            let (min, max) = (range.start(), range.end());
            self.rule(match max {
                &usize::MAX => format!("{} is not allowed here; give a whole number of at least {min}", number.text),
                _ => format!("{} is not allowed here; give a whole number from {min} to {max}", number.text),
            })
        })
    }

    /// A word of the type wanted.
    pub fn word<T: Word>(&self) -> Result<T, DocumentError> {
        self.choice(T::WORDS, T::word)
    }

    /// One of these words.
    pub fn choice<T: Copy>(&self, words: &[T], text_of: fn(T) -> &'static str) -> Result<T, DocumentError> {
        let known = || words.iter().map(|word| text_of(*word));
        let choice = || known().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let given = self.text(&format!("one of {}", choice()))?;
        words.iter().copied().find(|word| text_of(*word) == given).ok_or_else(|| {
            self.problem(Problem::UnknownWord {
                word: given.to_owned(),
                nearest: nearest(given, known()).map(str::to_owned),
                known: known().map(str::to_owned).collect(),
            })
        })
    }

    /// The places of a list's items.
    pub fn items(&self, expected: &str) -> Result<impl Iterator<Item = At<'a>> + use<'a>, DocumentError> {
        let Node::List(items) = self.node else { return Err(self.wrong_type(expected)) };
        let path = self.path.clone();
        Ok(items.iter().enumerate().map(move |(i, node)| At { node, path: format!("{path}[{i}]") }))
    }

    /// The object here, when every field of it is known.
    pub fn fields(&self, known: &[&str]) -> Result<Fields<'a>, DocumentError> {
        let Node::Object(entries) = self.node else { return Err(self.wrong_type("an object")) };
        match entries.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(self.unknown_field(name, known)),
            None => Ok(Fields { path: self.path.clone(), entries }),
        }
    }

    fn unknown_field(&self, field: &str, known: &[&str]) -> DocumentError {
        self.problem(Problem::UnknownField {
            field: field.to_owned(),
            nearest: nearest(field, known.iter().copied()).map(str::to_owned),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    /// Which of these fields the object here has: the one that says what kind of thing it is.
    pub fn kind<'k>(&self, kinds: &[&'k str], expected: &str) -> Result<&'k str, DocumentError> {
        let Node::Object(entries) = self.node else { return Err(self.wrong_type(expected)) };
        let has = |kind: &&&str| entries.iter().any(|(name, _)| name == **kind);
        let mut found = kinds.iter().filter(has);
        match (found.next(), found.next()) {
            (Some(kind), None) => Ok(kind),
            (Some(first), Some(second)) => {
                let advice = match kinds.contains(&"all") {
                    true => "combine them with {\"all\":[…]} or {\"any\":[…]}",
                    false => "keep one of them",
                };
                Err(self.rule(format!("`{first}` and `{second}` cannot stand in one object; {advice}")))
            }
            (None, _) => {
                let slip = entries.iter().find(|(name, _)| nearest(name, kinds.iter().copied()).is_some());
                Err(match slip {
                    Some((name, _)) => self.unknown_field(name, kinds),
                    None => {
                        self.rule(format!("is not {expected}; it needs one of the fields `{}`", kinds.join("`, `")))
                    }
                })
            }
        }
    }

    /// A field of the object here, unless it is absent or null.
    pub fn field(&self, name: &str) -> Option<At<'a>> {
        match self.node {
            Node::Object(entries) => Fields { path: self.path.clone(), entries }.get(name),
            _ => None,
        }
    }

    /// The only field of the object here.
    pub fn only(&self, name: &str) -> Result<At<'a>, DocumentError> {
        self.fields(&[name])?.need(name, "a value")
    }
}

impl<'a> Fields<'a> {
    /// An error about the object as a whole.
    pub fn rule(&self, sentence: impl Into<String>) -> DocumentError {
        DocumentError::rule(self.path.as_str(), sentence)
    }

    /// The field, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<At<'a>> {
        self.get_even_null(name).filter(|at| *at.node != Node::Null)
    }

    /// The field, unless it is absent.
    pub fn get_even_null(&self, name: &str) -> Option<At<'a>> {
        let (_, node) = self.entries.iter().find(|(own, _)| own == name)?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Some(At { node, path })
    }

    /// The field, which must be there.
    pub fn need(&self, name: &str, expected: &str) -> Result<At<'a>, DocumentError> {
        self.get(name).ok_or_else(|| self.missing(name, expected))
    }

    pub fn missing(&self, name: &str, expected: &str) -> DocumentError {
        let problem = Problem::Missing { field: name.to_owned(), expected: expected.to_owned() };
        DocumentError::new(self.path.as_str(), problem)
    }

    /// The field as `read` reads it, if it is there.
    pub fn get_optional<T>(
        &self,
        name: &str,
        read: impl Fn(&At<'a>) -> Result<T, DocumentError>,
    ) -> Result<Option<T>, DocumentError> {
        self.get(name).map(|at| read(&at)).transpose()
    }

    /// The field as `read` reads it, or its default.
    pub fn get_or_else<T>(
        &self,
        name: &str,
        default: impl FnOnce() -> T,
        read: impl Fn(&At<'a>) -> Result<T, DocumentError>,
    ) -> Result<T, DocumentError> {
        Ok(self.get_optional(name, read)?.unwrap_or_else(default))
    }
}
