//! Enums whose variants are single words of the language.

/// An enum of words, for the reader.
pub(super) trait Word: Copy + 'static {
    /// Every variant.
    const WORDS: &'static [Self];

    /// The word, as documents carry it.
    fn word(self) -> &'static str;
}

/// Declares an enum of words, with its default and the way to and from its text.
macro_rules! words {
    (
        $(#[$doc:meta])*
        pub enum $name:ident = $default:ident; { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word, as documents carry it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

        }

        impl $crate::language::words::Word for $name {
            const WORDS: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for $crate::language::node::Node {
            fn from(word: $name) -> Self {
                Self::String(word.as_str().to_owned())
            }
        }
    };
}

pub(in crate::language) use words;
