//! The list of pages in the sidebar. A page appears here once it is there.

use super::icon::Icon;

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Home,
    Dashboards,
    Saved,
    Trends,
    Funnels,
    Retention,
    Stickiness,
    Lifecycle,
    Paths,
    Groups,
    Users,
    Cohorts,
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
    Section { heading: None, places: &[Place::Home, Place::Dashboards, Place::Saved] },
    Section {
        heading: Some("Reports"),
        places: &[Place::Trends, Place::Funnels, Place::Retention, Place::Stickiness, Place::Lifecycle, Place::Paths],
    },
    Section { heading: Some("People and accounts"), places: &[Place::Groups, Place::Users, Place::Cohorts] },
    Section { heading: Some("Data"), places: &[Place::Events, Place::Settings] },
];

/// Where who comes without an aim is led.
pub const FIRST: Place = Place::Home;

impl Place {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Dashboards => "Dashboards",
            Self::Saved => "Saved reports",
            Self::Trends => "Trends",
            Self::Funnels => "Funnels",
            Self::Retention => "Retention",
            Self::Stickiness => "Stickiness",
            Self::Lifecycle => "Lifecycle",
            Self::Paths => "Paths",
            Self::Groups => "Groups",
            Self::Users => "Users",
            Self::Cohorts => "Cohorts",
            Self::Events => "Events",
            Self::Settings => "Settings",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Dashboards => "/dashboards",
            Self::Saved => "/saved",
            Self::Trends => "/trends",
            Self::Funnels => "/funnels",
            Self::Retention => "/retention",
            Self::Stickiness => "/stickiness",
            Self::Lifecycle => "/lifecycle",
            Self::Paths => "/paths",
            Self::Groups => "/groups",
            Self::Users => "/users",
            Self::Cohorts => "/cohorts",
            Self::Events => "/events",
            Self::Settings => "/settings",
        }
    }

    /// Its sign.
    pub fn icon(self) -> Icon {
        match self {
            Self::Home => Icon::Home,
            Self::Dashboards => Icon::Dashboards,
            Self::Saved => Icon::Saved,
            Self::Trends => Icon::Trends,
            Self::Funnels => Icon::Funnels,
            Self::Retention => Icon::Retention,
            Self::Stickiness => Icon::Stickiness,
            Self::Lifecycle => Icon::Lifecycle,
            Self::Paths => Icon::Paths,
            Self::Groups => Icon::Groups,
            Self::Users => Icon::Users,
            Self::Cohorts => Icon::Cohorts,
            Self::Events => Icon::Events,
            Self::Settings => Icon::Settings,
        }
    }
}
