//! Icons: lines of SVG in the colour of the text beside them, which says what they mean.

use maud::{Markup, PreEscaped, Render, html};

/// An icon, by what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Something more.
    Add,
    /// The smallest first.
    Ascending,
    /// Dates.
    Calendar,
    /// Something that opens.
    Chevron,
    /// Something less.
    Close,
    /// Cohorts.
    Cohorts,
    /// Dashboards.
    Dashboards,
    /// The largest first.
    Descending,
    /// Events.
    Events,
    /// Taking something out.
    Export,
    /// Funnels.
    Funnels,
    /// Groups.
    Groups,
    /// Home.
    Home,
    /// Signing out.
    Leave,
    /// Lifecycle.
    Lifecycle,
    /// An address.
    Link,
    /// The sidebar, where it is folded.
    Menu,
    /// The dark theme.
    Moon,
    /// Paths.
    Paths,
    /// Retention.
    Retention,
    /// Saved reports.
    Saved,
    /// A search.
    Search,
    /// Settings.
    Settings,
    /// Stickiness.
    Stickiness,
    /// Trends.
    Trends,
    /// Users.
    Users,
}

impl Icon {
    /// The same, smaller, for use inside a line.
    pub fn small(self) -> Markup {
        self.draw(12)
    }

    fn draw(self, size_px: u8) -> Markup {
        html! {
            svg width=(size_px) height=(size_px) viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4"
                stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { (PreEscaped(self.lines())) }
        }
    }

    fn lines(self) -> &'static str {
        match self {
            Self::Add => r#"<path d="M8 3.5v9M3.5 8h9"/>"#,
            Self::Ascending => r#"<path d="m5 6.5 3-3 3 3"/>"#,
            Self::Calendar => {
                r#"<rect x="2.5" y="3.5" width="11" height="10" rx="1.5"/><path d="M2.5 6.5h11M5.5 2v2.5m5-2.5v2.5"/>"#
            }
            Self::Chevron => r#"<path d="m4.5 6.5 3.5 3.5 3.5-3.5"/>"#,
            Self::Close => r#"<path d="m4.5 4.5 7 7m0-7-7 7"/>"#,
            Self::Cohorts => r#"<circle cx="6" cy="8" r="3.7"/><circle cx="10" cy="8" r="3.7"/>"#,
            Self::Dashboards => {
                r#"<rect x="2.5" y="2.5" width="4.5" height="6" rx="1"/><rect x="9" y="2.5" width="4.5" height="3.5" rx="1"/><rect x="2.5" y="10.5" width="4.5" height="3" rx="1"/><rect x="9" y="8" width="4.5" height="5.5" rx="1"/>"#
            }
            Self::Descending => r#"<path d="m5 9.5 3 3 3-3"/>"#,
            Self::Events => r#"<path d="M8.7 2.5 4 9h3.5l-.7 4.5L12 7H8.3z"/>"#,
            Self::Export => r#"<path d="M8 2.5v7m0 0L5 6.7m3 2.8 3-2.8M3 13h10"/>"#,
            Self::Funnels => r#"<path d="M2.5 13V4m3.7 9V6.5M9.8 13V9m3.7 4v-2.5"/>"#,
            Self::Groups => {
                r#"<path d="M2.5 13.5v-8l5-3v11m0-8 6 2.5v5.5M2 13.5h12M4.8 7v.01M4.8 10v.01M10.5 9.5v.01"/>"#
            }
            Self::Home => r#"<path d="M3 7.2 8 3l5 4.2V13a.5.5 0 0 1-.5.5H10V10H6v3.5H3.5A.5.5 0 0 1 3 13z"/>"#,
            Self::Leave => r#"<path d="M9.5 5V3.5h-6v9h6V11M6.5 8h7m0 0-2.5-2.5M13.5 8 11 10.5"/>"#,
            Self::Lifecycle => r#"<path d="M2.5 8h11M5 8V4.5M8 8V3m3 5V5M5 8v2.5M8 8v4m3-4v3"/>"#,
            Self::Link => {
                r#"<path d="M6.8 9.2a2.5 2.5 0 0 0 3.6 0l2-2a2.5 2.5 0 0 0-3.6-3.6l-.8.8M9.2 6.8a2.5 2.5 0 0 0-3.6 0l-2 2a2.5 2.5 0 0 0 3.6 3.6l.8-.8"/>"#
            }
            Self::Menu => r#"<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>"#,
            Self::Moon => r#"<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z"/>"#,
            Self::Paths => r#"<path d="M2.5 4.5c5 0 5 7 11 7M2.5 11.5c5 0 5-7 11-7"/>"#,
            Self::Retention => r#"<path d="M3 3.5h10M3 6.8h7.5M3 10.1h5M3 13.4h2.5"/>"#,
            Self::Saved => r#"<path d="M4.5 2.5h7v11L8 10.8l-3.5 2.7z"/>"#,
            Self::Search => r#"<circle cx="7" cy="7" r="4"/><path d="m10 10 3.5 3.5"/>"#,
            Self::Settings => {
                r#"<circle cx="8" cy="8" r="2.2"/><path d="M8 2v1.7M8 12.3V14M2 8h1.7M12.3 8H14M3.8 3.8 5 5M11 11l1.2 1.2M3.8 12.2 5 11M11 5l1.2-1.2"/>"#
            }
            Self::Stickiness => r#"<path d="M3 13V9.5m3.3 3.5V6m3.4 7V8m3.3 5V3.5"/>"#,
            Self::Trends => r#"<path d="M2.5 11.5 6 8l2.5 2.5 5-5.5M10 5h3.5v3.5"/>"#,
            Self::Users => r#"<circle cx="8" cy="5.5" r="2.5"/><path d="M3 13.2c.6-2.4 2.6-3.7 5-3.7s4.4 1.3 5 3.7"/>"#,
        }
    }
}

impl Render for Icon {
    fn render(&self) -> Markup {
        self.draw(16)
    }
}

/// The sign of the program: three crumbs of a track.
pub fn brand() -> Markup {
    html! {
        svg width="22" height="22" viewBox="0 0 22 22" fill="currentColor" aria-hidden="true" {
            circle cx="14.6" cy="6.8" r="4.8" {}
            circle cx="8.2" cy="13.6" r="3.2" {}
            circle cx="3.8" cy="18.2" r="1.8" {}
        }
    }
}
