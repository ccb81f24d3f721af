//! What a page knows of whoever looks at it.

use super::address::Address;
use crate::language::Zone;
use crate::model::Timestamp;
use maud::{Markup, html};

/// A look at a page.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The workspace that is shown.
    pub workspace: String,
    /// Whether the address names the workspace, as then links must do so too.
    pub is_named: bool,
    /// Whether a cookie holds the key, which can be given back.
    pub is_signed_in: bool,
    /// In which all times are told.
    pub zone: Zone,
    /// When it is.
    pub now: Timestamp,
}

impl Visit {
    /// The address of a page, in the same workspace.
    pub fn to(&self, path: &str) -> Address {
        self.within(Address::new(path))
    }

    /// The same address in the same workspace.
    pub fn within(&self, address: Address) -> Address {
        address.with_some("workspace", self.named())
    }

    /// What a form with GET must have to stay in the same workspace.
    pub fn kept(&self) -> Markup {
        html! {
            @if let Some(name) = self.named() { input type="hidden" name="workspace" value=(name); }
        }
    }

    fn named(&self) -> Option<&str> {
        self.is_named.then_some(self.workspace.as_str())
    }
}

#[cfg(test)]
impl Visit {
    /// A look at noon of 26 November 2026 in Berlin.
    pub(super) fn sample() -> Self {
        Self {
            workspace: "default".to_owned(),
            is_named: false,
            is_signed_in: false,
            zone: Zone::named("Europe/Berlin").unwrap(),
            now: Timestamp::parse("2026-11-26T11:00:00Z").unwrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_that_is_named_stays_so() {
        let visit = Visit::sample();
        assert_eq!(visit.to("/groups").to_string(), "/groups");
        assert_eq!(visit.kept().into_string(), "");
        let named = Visit { workspace: "acme-eu".to_owned(), is_named: true, ..visit };
        assert_eq!(named.to("/groups").part("x").with("search", 1).to_string(), "/groups/x?workspace=acme-eu&search=1");
        assert_eq!(named.kept().into_string(), r#"<input type="hidden" name="workspace" value="acme-eu">"#);
    }
}
