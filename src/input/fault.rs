//! Faults met while JSON is read, where they lie, and how they become refusals.

use super::Refusal;
use super::object::Found;
use super::refusal::shown;
use std::fmt;
use thiserror::Error;

/// How text fails to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonFault {
    /// The text ends inside a value.
    #[error("it ends early")]
    EndsEarly,
    /// No value begins here.
    #[error("expected a value")]
    Value,
    /// Something else than `true`, `false` or `null`.
    #[error("expected `true`, `false` or `null`")]
    Word,
    /// A key without its colon.
    #[error("expected `:`")]
    Colon,
    /// A list that neither goes on nor ends.
    #[error("expected `,` or `]`")]
    CommaOrBracket,
    /// An object that neither goes on nor ends.
    #[error("expected `,` or `}}`")]
    CommaOrBrace,
    /// A comma with nothing after it.
    #[error("a comma stands last in a list or an object")]
    TrailingComma,
    /// A key that is no string.
    #[error("expected a key in double quotes")]
    Key,
    /// A backslash with something after it that JSON does not know.
    #[error("a backslash begins no escape that JSON knows")]
    Escape,
    /// A control character as such inside a string.
    #[error("a control character stands unescaped in a string")]
    ControlCharacter,
    /// A malformed number.
    #[error("a number is malformed")]
    Number,
    /// More text after the value.
    #[error("more text follows the object")]
    MoreText,
    /// Anything else.
    #[error("it is malformed")]
    Malformed,
}

/// A place in the text of one line or object. Both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line of a text with line breaks in it; always 1 in an input line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "column {}", self.column)
    }
}

/// A value inside a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path from the outermost object, such as `properties.items[2].price`; empty for that object itself.
    pub path: String,
    /// Where reading stopped.
    pub position: Position,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.position)
        } else {
            write!(f, "`{}` ({})", self.path, self.position)
        }
    }
}

/// A fault that the readers of this module find in what is otherwise JSON.
#[derive(Debug)]
pub(super) enum Fault {
    /// The outermost value is no object.
    NotAnObject(Found),
    /// A key stands twice in one object.
    DuplicateKey(String),
    /// Lists and objects inside each other beyond the limit.
    TooDeep,
    /// So many values that the properties cannot be within their limit of bytes.
    TooMany,
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Most characters of a path that a refusal shows.
const PATH_CHARS_MAX: usize = 200;

/// What the readers of one line share. The parser's own errors cannot carry a fault, so it waits here;
/// the path is collected from the inside outwards while a failed read unwinds.
#[derive(Debug, Default)]
pub(super) struct Reading {
    fault: Option<Fault>,
    path: Vec<Step>,
    values_left: usize,
}

impl Reading {
    /// Ends the reading for this fault.
    #[cold]
    pub(super) fn stop<E: serde::de::Error>(&mut self, fault: Fault) -> E {
        self.fault = Some(fault);
        E::custom("stopped")
    }

    /// Notes that the fault lies inside this step.
    #[cold]
    pub(super) fn inside(&mut self, step: Step) {
        self.path.push(step);
    }

    /// Allows so many values from here on.
    pub(super) fn allow_values(&mut self, count: usize) {
        self.values_left = count;
    }

    /// Counts one value.
    pub(super) fn count_value<E: serde::de::Error>(&mut self) -> Result<(), E> {
        match self.values_left.checked_sub(1) {
            Some(left) => {
                self.values_left = left;
                Ok(())
            }
            None => Err(self.stop(Fault::TooMany)),
        }
    }

    /// The refusal for an error of the parser on this text.
    #[cold]
    pub(super) fn refusal(self, error: &serde_json::Error, text: &str) -> Refusal {
        let position = position(error, text);
        let path = path_text(&self.path);
        let field = match self.path.last() {
            Some(Step::Key(key)) => shown(key),
            _ => String::new(),
        };
        match self.fault {
            Some(Fault::NotAnObject(found)) => return Refusal::NotAnObject { found },
            Some(Fault::DuplicateKey(key)) => return Refusal::DuplicateKey { key: shown(&key), path },
            Some(Fault::TooDeep) => return Refusal::TooDeep { field },
            Some(Fault::TooMany) => return Refusal::PropertiesTooLarge { field },
            None => {}
        }
        let place = Place { path, position };
        let message = error.to_string();
        // The parser keeps its error codes to itself; tests hold each of these texts to it.
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        let fault = match reason {
            "number out of range" => return Refusal::NumberTooLarge { place },
            "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
                return Refusal::LoneSurrogate { place };
            }
            "EOF while parsing a list"
            | "EOF while parsing an object"
            | "EOF while parsing a string"
            | "EOF while parsing a value" => JsonFault::EndsEarly,
            "expected value" => JsonFault::Value,
            "expected ident" => JsonFault::Word,
            "expected `:`" => JsonFault::Colon,
            "expected `,` or `]`" => JsonFault::CommaOrBracket,
            "expected `,` or `}`" => JsonFault::CommaOrBrace,
            "trailing comma" => JsonFault::TrailingComma,
            "key must be a string" => JsonFault::Key,
            "invalid escape" => JsonFault::Escape,
            "control character (\\u0000-\\u001F) found while parsing a string" => JsonFault::ControlCharacter,
            "invalid number" => JsonFault::Number,
            "trailing characters" => JsonFault::MoreText,
            _ => JsonFault::Malformed,
        };
        Refusal::Json { fault, position: place.position }
    }
}

/// The parser's place, with the column in characters instead of bytes.
fn position(error: &serde_json::Error, text: &str) -> Position {
    let line = error.line().max(1);
    let before = error.column().saturating_sub(1);
    let line_text = text.split('\n').nth(line - 1).unwrap_or_default();
    let characters = line_text.char_indices().take_while(|(at, _)| *at < before).count();
    // A place inside a character is that character.
    let column = if line_text.is_char_boundary(before) { characters + 1 } else { characters.max(1) };
    Position { line, column }
}

/// The path that the steps, innermost first, lead along.
fn path_text(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps.iter().rev() {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&shown(key));
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    match path.char_indices().nth(PATH_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &path[..cut]),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_from_the_outside_inwards() {
        let steps = [Step::Key("price".to_owned()), Step::Index(2), Step::Key("properties".to_owned())];
        assert_eq!(path_text(&steps), "properties[2].price");
        assert_eq!(path_text(&[]), "");
    }

    #[test]
    fn a_long_path_is_cut() {
        let steps: Vec<Step> = (0..64).map(|_| Step::Key("abcd".to_owned())).collect();
        let path = path_text(&steps);
        assert_eq!(path.chars().count(), 201);
        assert!(path.ends_with('…'), "{path}");
    }
}
