//! Names that passed their checks: a value of these types is never blank and never too long.

use super::limits;
use thiserror::Error;

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Empty, or white space only.
    #[error("`{field}` is blank; give it a name of 1 to {max} bytes")]
    Blank {
        /// The field of the input that holds the name.
        field: &'static str,
        /// The most bytes it may have.
        max: usize,
    },
    /// More bytes than the limit.
    #[error("`{field}` has {length} bytes; at most {max} are allowed")]
    TooLong {
        /// The field of the input that holds the name.
        field: &'static str,
        /// The bytes it has.
        length: usize,
        /// The most bytes it may have.
        max: usize,
    },
    /// `*` stands for any event in reports.
    #[error("an event cannot be named `*`, which stands for any event in reports; choose another name")]
    Star,
    /// An id that many people share by accident.
    #[error("`{id}` cannot be joined with another id, as many people share it by accident; send the person's own id")]
    Shared {
        /// The id as sent.
        id: String,
    },
}

fn check(text: &str, field: &'static str, max: usize, is_blank: fn(char) -> bool) -> Result<(), NameError> {
    if text.chars().all(is_blank) {
        return Err(NameError::Blank { field, max });
    }
    if text.len() > max {
        return Err(NameError::TooLong { field, length: text.len(), max });
    }
    Ok(())
}

/// Declares a checked name.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:expr, $is_blank:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes the text; nothing is trimmed.
            ///
            /// # Errors
            /// When it is blank or too long.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text, $field, $max, $is_blank)?;
                Self::special(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Names without a rule of their own beyond length and blankness.
macro_rules! no_special_rule {
    ($($name:ident)*) => {$(
        impl $name {
            fn special(_: &str) -> Result<(), NameError> {
                Ok(())
            }
        }
    )*};
}

name!(
    /// A `distinct_id`.
    UserName,
    "distinct_id",
    limits::USER_BYTES_MAX,
    char::is_whitespace
);
name!(
    /// A group type such as `company`.
    GroupType,
    "group_type",
    limits::GROUP_TYPE_BYTES_MAX,
    char::is_whitespace
);
name!(
    /// A key of a group type, such as `acme-corp`.
    GroupKey,
    "group_key",
    limits::GROUP_KEY_BYTES_MAX,
    char::is_whitespace
);
name!(
    /// An event name; never `*`.
    EventName,
    "event",
    limits::EVENT_NAME_BYTES_MAX,
    char::is_whitespace
);
name!(
    /// The sender's own id of an event, by which a repeated event is recognised. Only an empty one is blank.
    InsertId,
    "insert_id",
    limits::INSERT_ID_BYTES_MAX,
    |_| false
);

name!(
    /// The name of a group type for people.
    DisplayName,
    "name",
    limits::DISPLAY_NAME_BYTES_MAX,
    char::is_whitespace
);

no_special_rule!(UserName GroupType GroupKey InsertId DisplayName);

impl EventName {
    fn special(text: &str) -> Result<(), NameError> {
        if text == "*" { Err(NameError::Star) } else { Ok(()) }
    }
}

/// Ids that stand for nobody in particular; alias() refuses them, case and blanks aside.
const SHARED_IDS: [&str; 21] = [
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "anonymous",
    "anon",
    "guest",
    "unknown",
    "user",
    "id",
    "distinct_id",
    "distinctid",
    "email",
    "not_authenticated",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "[object object]",
];

impl UserName {
    /// Checks that alias() may join this id.
    ///
    /// # Errors
    /// [`NameError::Shared`] for ids that many people share by accident.
    pub fn check_joinable(&self) -> Result<(), NameError> {
        let bare = self.0.trim().to_lowercase();
        if SHARED_IDS.contains(&bare.as_str()) {
            return Err(NameError::Shared { id: self.0.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_bytes_and_limits_are_inclusive() {
        assert!(UserName::new("u".repeat(400)).is_ok());
        assert_eq!(
            UserName::new("é".repeat(201)),
            Err(NameError::TooLong { field: "distinct_id", length: 402, max: 400 })
        );
        assert!(EventName::new("e".repeat(200)).is_ok());
        assert!(EventName::new("e".repeat(201)).is_err());
    }

    #[test]
    fn blank_is_unicode_white_space_only() {
        assert!(matches!(GroupKey::new("\u{2003} \t"), Err(NameError::Blank { .. })));
        assert!(GroupKey::new("\u{200b}").is_ok(), "a zero-width space is not white space");
        assert!(InsertId::new(" ").is_ok() && InsertId::new("").is_err(), "an insert id only needs a byte");
        assert_eq!(GroupKey::new(" a ").map(|k| k.as_str().to_owned()), Ok(" a ".to_owned()));
    }

    #[test]
    fn shared_ids_are_refused_in_any_case_and_with_blanks() {
        for id in [" NULL ", "[Object Object]", "-1", "Anon"] {
            assert!(UserName::new(id).unwrap().check_joinable().is_err(), "{id}");
        }
        assert!(UserName::new("anon_7").unwrap().check_joinable().is_ok());
    }
}
