//! The list of pages in the sidebar. A page appears here once it is there.

use super::icon::Icon;

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Home,
    Groups,
    Users,
    Events,
    Settings,
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
pub const MENU: &[Section] = &[
    Section { heading: None, places: &[Place::Home] },
    Section { heading: Some("People and accounts"), places: &[Place::Groups, Place::Users] },
    Section { heading: Some("Data"), places: &[Place::Events, Place::Settings] },
];

/// Where who comes without an aim is led.
pub const FIRST: Place = Place::Home;

impl Place {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Groups => "Groups",
            Self::Users => "Users",
            Self::Events => "Events",
            Self::Settings => "Settings",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Groups => "/groups",
            Self::Users => "/users",
            Self::Events => "/events",
            Self::Settings => "/settings",
        }
    }

    /// Its sign.
    pub fn icon(self) -> Icon {
        match self {
            Self::Home => Icon::Home,
            Self::Groups => Icon::Groups,
            Self::Users => Icon::Users,
            Self::Events => Icon::Events,
            Self::Settings => Icon::Settings,
        }
    }
}
