//! Why an input line is refused: one sentence that names the thing, its place and the remedy.

use super::fault::{JsonFault, Place, Position};
use super::field::{Field, Kind};
use super::object::Found;
use crate::model::limits::{PROPERTIES_BYTES_MAX, PROPERTIES_DEPTH_MAX};
use crate::model::{NameError, timestamp::TimestampError};
use thiserror::Error;

/// Why an input line is refused. Nothing of such a line is stored.
///
/// Texts of the input that a refusal repeats are cut when long, and their control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// More bytes than a line may have.
    #[error("the line has {bytes} bytes; at most {max} are allowed, so send less in it")]
    LineTooLong {
        /// The bytes it has, without its line break.
        bytes: u64,
        /// The most bytes it may have.
        max: usize,
    },
    /// Not UTF-8.
    #[error("the byte at offset {offset} is not UTF-8; write the text as UTF-8")]
    NotUtf8 {
        /// Bytes of the line before it.
        offset: usize,
    },
    /// Nothing, or white space only.
    #[error("there is nothing here; send one JSON object")]
    Nothing,
    /// Not JSON.
    #[error("not valid JSON at {position}: {fault}; send one whole JSON object")]
    Json {
        /// How it fails to be JSON.
        fault: JsonFault,
        /// Where.
        position: Position,
    },
    /// JSON, but no object.
    #[error("expected an object, not {found}; send one JSON object")]
    NotAnObject {
        /// What it is.
        found: Found,
    },
    /// An escape for half a character.
    #[error("{place} holds half of a surrogate pair; escape both halves, or write the character as it is")]
    LoneSurrogate {
        /// Where.
        place: Place,
    },
    /// A number that no finite double is near to.
    #[error("{place} holds a number too large for a double; send it as a string")]
    NumberTooLarge {
        /// Where.
        place: Place,
    },
    /// The same key twice in one object.
    #[error("{} holds the key `{key}` twice; send it once", object_at(.path))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The object that holds it; empty for the outermost.
        path: String,
    },
    /// Lists and objects inside each other beyond the limit.
    #[error("`{field}` is nested deeper than {PROPERTIES_DEPTH_MAX} levels; send it flatter")]
    TooDeep {
        /// The field; it is level 1 itself.
        field: String,
    },
    /// More bytes of properties than one field may have.
    #[error("`{field}` takes more than {PROPERTIES_BYTES_MAX} bytes as compact JSON; send less in it")]
    PropertiesTooLarge {
        /// The field.
        field: String,
    },
    /// More bytes of properties than one call may carry.
    #[error(
        "`properties`, `set_once`, `add`, `append` and `union` together take more than {PROPERTIES_BYTES_MAX} bytes \
         as compact JSON; spread them over several calls"
    )]
    ChangesTooLarge,

    /// No `type`.
    #[error("`type` is missing; it must be track, identify, group, alias or cohort")]
    TypeMissing,
    /// A `type` that does not exist.
    #[error("`type` is `{found}`; it must be track, identify, group, alias or cohort")]
    TypeUnknown {
        /// The type as sent.
        found: String,
    },
    /// A field that this kind of line does not take.
    #[error("unknown field `{field}`; {} takes {}", .kind.spoken(), list(.allowed))]
    UnknownField {
        /// The field as sent.
        field: String,
        /// What the line is.
        kind: Kind,
        /// The fields that it may have.
        allowed: Vec<&'static str>,
    },
    /// Fields without which the line says nothing.
    #[error("{} missing; {} needs {}", are(.fields), .kind.spoken(), list(&names(.kind.required())))]
    Missing {
        /// The fields.
        fields: Vec<&'static str>,
        /// What the line is.
        kind: Kind,
    },
    /// Another kind of JSON value than the field takes.
    #[error("`{path}` must be {expected}, not {found}")]
    WrongValue {
        /// The field.
        path: String,
        /// What it takes.
        expected: &'static str,
        /// What it holds.
        found: Found,
    },
    /// A `null` among changes that cannot remove.
    #[error("`{path}` is null; only `properties` may hold null, which removes the property")]
    NullChange {
        /// The field.
        path: String,
    },

    /// Empty, or white space only.
    #[error("{what} is blank; give it 1 to {max} bytes")]
    Blank {
        /// What is blank, as the sentence names it.
        what: String,
        /// The most bytes it may have.
        max: usize,
    },
    /// More bytes than the limit.
    #[error("{what} has {bytes} bytes; at most {max} are allowed")]
    TooLong {
        /// What is too long, as the sentence names it.
        what: String,
        /// The bytes it has.
        bytes: usize,
        /// The most bytes it may have.
        max: usize,
    },
    /// `*` stands for any event in reports.
    #[error("`event` is `*`, which stands for any event in reports; choose another name")]
    Star,
    /// An id that many people share by accident.
    #[error(
        "{what} is `{id}`, which many people share by accident, so alias() does not join it; \
         send the person's own id"
    )]
    SharedId {
        /// The field, as the sentence names it.
        what: String,
        /// The id as sent.
        id: String,
    },
    /// A timestamp that is no instant of the years 1 to 9999.
    #[error("`timestamp` {error}; correct it, or leave it out to take the time of arrival")]
    Timestamp {
        /// Why.
        error: TimestampError,
    },
    /// Milliseconds written with a fraction or an exponent.
    #[error("`timestamp` is a number with a fraction or an exponent; send whole milliseconds, or RFC 3339 text")]
    FractionalMilliseconds,
}

impl Refusal {
    /// The refusal of a name, whatever field holds it.
    #[cold]
    pub(super) fn of_name(what: impl Into<String>, error: NameError) -> Self {
        let what = what.into();
        match error {
            NameError::Blank { max, .. } => Self::Blank { what, max },
            NameError::TooLong { length, max, .. } => Self::TooLong { what, bytes: length, max },
            NameError::Star => Self::Star,
            NameError::Shared { id } => Self::SharedId { what, id: shown(&id) },
        }
    }
}

/// Most characters of a text of the input that a refusal repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// A text of the input as a refusal repeats it: cut when long, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    let mut short = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_CHARS_MAX {
            short.push('…');
            break;
        }
        if character.is_control() {
            short.extend(character.escape_default());
        } else {
            short.push(character);
        }
    }
    short
}

/// Names in backticks with commas and a final "and".
fn list(names: &[&str]) -> String {
    let mut text = String::new();
    for (position, name) in names.iter().enumerate() {
        let joint = match position {
            0 => "",
            _ if position + 1 == names.len() => " and ",
            _ => ", ",
        };
        text.push_str(&format!("{joint}`{name}`"));
    }
    text
}

fn are(names: &[&str]) -> String {
    format!("{} {}", list(names), if names.len() == 1 { "is" } else { "are" })
}

/// The names of these fields.
pub(super) fn names(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|field| field.name()).collect()
}

fn object_at(path: &str) -> String {
    if path.is_empty() { "the object".to_owned() } else { format!("`{path}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b"]), "`a` and `b`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }

    #[test]
    fn texts_of_the_input_are_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(shown(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(shown(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
