//! Addresses of pages: whatever names are in them, they lead where they should.

use maud::{Escaper, Render};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::{self, Display, Write};

/// What stands for itself in a part of a path: RFC 3986 calls it unreserved.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands for itself in a value of a query, so that report documents stay short.
const IN_QUERY: &AsciiSet =
    &IN_PATH.remove(b':').remove(b',').remove(b'/').remove(b'(').remove(b')').remove(b'*').remove(b'!').remove(b'@');

/// The address of a page of this server: a path and a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    path: String,
    query: String,
}

impl Address {
    /// This path, which needs no escapes.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), query: String::new() }
    }

    /// One part of the path more, any text.
    #[must_use]
    pub fn part(mut self, text: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.path, "/{}", utf8_percent_encode(text, IN_PATH));
        self
    }

    /// One parameter more; its name needs no escapes.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        let joint = if self.query.is_empty() { '?' } else { '&' };
        let _ = write!(self.query, "{joint}{name}={}", utf8_percent_encode(&value.to_string(), IN_QUERY));
        self
    }

    /// The parameter, where there is a value for it.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.path, self.query)
    }
}

impl Render for Address {
    fn render_to(&self, buffer: &mut String) {
        let _ = write!(Escaper::new(buffer), "{self}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_whole() {
        let address = Address::new("/groups").part("a/b?c").with("search", "x&y=ü +%").with_some("cursor", None::<u8>);
        assert_eq!(address.to_string(), "/groups/a%2Fb%3Fc?search=x%26y%3D%C3%BC%20%2B%25");
        let document = Address::new("/trends").with("report", r#"{"from":"-7d"}"#).with("chart", "line");
        assert_eq!(document.to_string(), "/trends?report=%7B%22from%22:%22-7d%22%7D&chart=line");
        assert_eq!(document.render().into_string(), "/trends?report=%7B%22from%22:%22-7d%22%7D&amp;chart=line");
    }
}
