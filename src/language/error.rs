//! Why a document is refused: the place in it, and one sentence that says what to do.

use std::fmt;
use thiserror::Error;

/// A document that breaks a rule of the language, or a range in it that cannot be resolved.
///
/// Shown as one sentence: `` `series[0].event`: unknown field `fliter`; did you mean `filter`? ``
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct DocumentError {
    path: String,
    problem: Problem,
}

/// What is wrong at the place that a [`DocumentError`] names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is no JSON.
    #[error("the document is not valid JSON: {detail}")]
    NotJson {
        /// What the JSON reader says, with line and column.
        detail: String,
    },
    /// Lists and objects inside each other beyond the limit.
    #[error("is nested more than {max} levels deep; simplify it")]
    TooDeep {
        /// The most levels allowed; the document itself is the first.
        max: usize,
    },
    /// A field given twice in one object.
    #[error("the field `{field}` is given twice; keep one")]
    Repeated {
        /// The field.
        field: String,
    },
    /// A field that does not exist here.
    #[error("unknown field `{field}`; {}", advice(nearest.as_deref(), known))]
    UnknownField {
        /// The field as given.
        field: String,
        /// The known field that looks most like it, when one does.
        nearest: Option<String>,
        /// Every field that exists here.
        known: Vec<String>,
    },
    /// A field that must be given.
    #[error("`{field}` is missing; give {expected}")]
    Missing {
        /// The field.
        field: String,
        /// What it should hold.
        expected: String,
    },
    /// A value of the wrong JSON type.
    #[error("must be {expected}, not {got}")]
    WrongType {
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A word that is none of the allowed ones.
    #[error("`{word}` is not known; {}", advice(nearest.as_deref(), known))]
    UnknownWord {
        /// The word as given.
        word: String,
        /// The known word that looks most like it, when one does.
        nearest: Option<String>,
        /// Every word allowed here.
        known: Vec<String>,
    },
    /// A value of the right type that breaks a rule of its own; the sentence says which and what to do.
    #[error("{sentence}")]
    Rule {
        /// The sentence.
        sentence: String,
    },
}

impl DocumentError {
    /// An error at a place such as `series[0].event`; an empty path is the document as a whole.
    pub fn new(path: impl Into<String>, problem: Problem) -> Self {
        Self { path: path.into(), problem }
    }

    /// An error at a place, in a sentence of its own.
    pub fn rule(path: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self::new(path, Problem::Rule { sentence: sentence.into() })
    }

    /// Where in the document, such as `series[0].event`; empty for the document as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same error in a document that is found at `prefix` of a larger one.
    #[must_use]
    pub fn inside(mut self, prefix: &str) -> Self {
        if !prefix.is_empty() {
            self.path = match self.path.as_str() {
                "" => prefix.to_owned(),
                path if path.starts_with('[') => format!("{prefix}{path}"),
                path => format!("{prefix}.{path}"),
            };
        }
        self
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.problem)
        } else {
            write!(f, "`{}`: {}", self.path, self.problem)
        }
    }
}

/// The end of the sentence about an unknown name.
fn advice(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("use {}", one_of(known)),
    }
}

/// Names as a choice: `` `a`, `b` or `c` ``.
fn one_of(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// The known name that looks most like `given`, when one is near enough to be a slip of the keyboard.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&bare, &name.to_lowercase()), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_named_only_when_near() {
        assert_eq!(nearest("fliter", ["event", "filter"]), Some("filter"));
        assert_eq!(nearest("Timezone", ["timezone"]), Some("timezone"));
        assert_eq!(nearest("colour", ["event", "filter"]), None);
        assert_eq!(nearest("colour", []), None);
    }

    #[test]
    fn paths_join_when_a_document_is_inside_another() {
        let error = DocumentError::rule("series[0]", "is wrong");
        assert_eq!(error.to_string(), "`series[0]`: is wrong");
        assert_eq!(error.inside("where.report").path(), "where.report.series[0]");
        assert_eq!(DocumentError::rule("", "is wrong").inside("report").path(), "report");
        assert_eq!(DocumentError::rule("", "is wrong").inside("").to_string(), "is wrong");
    }

    #[test]
    fn unknown_names_list_the_choice_when_none_is_near() {
        let problem =
            Problem::UnknownField { field: "x".into(), nearest: None, known: vec!["a".into(), "b".into(), "c".into()] };
        assert_eq!(problem.to_string(), "unknown field `x`; use `a`, `b` or `c`");
    }
}
