//! The list of pages in the sidebar. A page appears here once it is there.

use super::icon::Icon;

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Saved,
    Trends,
    Funnels,
    Retention,
    Stickiness,
    Lifecycle,
    Paths,
    Groups,
    Cohorts,
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
    Section { heading: None, places: &[Place::Saved] },
    Section {
        heading: Some("Reports"),
        places: &[Place::Trends, Place::Funnels, Place::Retention, Place::Stickiness, Place::Lifecycle, Place::Paths],
    },
    Section { heading: Some("People and accounts"), places: &[Place::Groups, Place::Cohorts] },
];

/// Where who comes without an aim is led.
pub const FIRST: Place = Place::Groups;

impl Place {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Saved => "Saved reports",
            Self::Trends => "Trends",
            Self::Funnels => "Funnels",
            Self::Retention => "Retention",
            Self::Stickiness => "Stickiness",
            Self::Lifecycle => "Lifecycle",
            Self::Paths => "Paths",
            Self::Groups => "Groups",
            Self::Cohorts => "Cohorts",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Saved => "/saved",
            Self::Trends => "/trends",
            Self::Funnels => "/funnels",
            Self::Retention => "/retention",
            Self::Stickiness => "/stickiness",
            Self::Lifecycle => "/lifecycle",
            Self::Paths => "/paths",
            Self::Groups => "/groups",
            Self::Cohorts => "/cohorts",
        }
    }

    /// Its sign.
    pub fn icon(self) -> Icon {
        match self {
            Self::Saved => Icon::Dashboards,
            Self::Trends => Icon::Trends,
            Self::Funnels => Icon::Funnels,
            Self::Retention => Icon::Retention,
            Self::Stickiness => Icon::Stickiness,
            Self::Lifecycle => Icon::Lifecycle,
            Self::Paths => Icon::Paths,
            Self::Groups => Icon::Groups,
            Self::Cohorts => Icon::Cohorts,
        }
    }
}
