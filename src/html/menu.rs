//! The list of pages in the sidebar. A page appears here once it is there.

use super::icon::Icon;

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Groups,
}

/// Pages that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What they have in common; the first pages need no heading.
    pub heading: Option<&'static str>,
    /// From top to bottom.
    pub places: &'static [Place],
}

/// All of them.
pub const MENU: &[Section] = &[Section { heading: Some("People and accounts"), places: &[Place::Groups] }];

/// Where who comes without an aim is led.
pub const FIRST: Place = Place::Groups;

impl Place {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Groups => "Groups",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Groups => "/groups",
        }
    }

    /// Its sign.
    pub fn icon(self) -> Icon {
        match self {
            Self::Groups => Icon::Groups,
        }
    }
}
