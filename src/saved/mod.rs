//! Saved reports and dashboards of a workspace: one file beside the store. Layout: `format-spec/saved.md`.
//!
//! Invariants:
//! - A report is a document that obeys the rules of the language when it is saved.
//! - A tile shows a report that is there: with a report its tiles go.
//! - The bytes of the file are one form of its content, and any others are damage.
//! - Numbers and sizes are bounded, so that the file is.

mod error;
mod file;
mod rules;
mod tiles;

pub use error::SavedError;
pub use file::{SAVED, read_saved, write_saved};
pub use rules::{DASHBOARDS_MAX, NAME_BYTES_MAX, REPORT_BYTES_MAX, REPORTS_MAX, TILES_MAX, VIEW_BYTES_MAX};
pub use tiles::TileChange;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A report that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedReport {
    /// By which it is found; 12 hexadecimal digits.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The document of the report language, as compact JSON in its canonical form.
    #[serde(with = "document")]
    pub report: String,
    /// How it is shown: the view's part of an address, such as `chart=bars&hide=2`.
    pub view: String,
    /// When it was saved, RFC 3339.
    pub created: String,
    /// When it was changed last, RFC 3339.
    pub changed: String,
}

/// Reports side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// By which it is found; 12 hexadecimal digits.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it shows, in this order.
    pub tiles: Vec<Tile>,
    /// When it was made, RFC 3339.
    pub created: String,
    /// When it was changed last, RFC 3339.
    pub changed: String,
}

/// One report of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    /// The id of a saved report.
    pub report: String,
    /// How much of a row it takes.
    pub width: TileWidth,
}

/// How much of a row a tile takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TileWidth {
    /// A third.
    Third,
    /// One half.
    #[default]
    Half,
    /// The whole row.
    Full,
}

/// What a new report says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// Its name for people.
    pub name: String,
    /// The document.
    pub report: Box<RawValue>,
    /// How it is shown.
    #[serde(default)]
    pub view: String,
}

/// What changes of a report; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportChange {
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Another document.
    #[serde(default)]
    pub report: Option<Box<RawValue>>,
    /// Another view.
    #[serde(default)]
    pub view: Option<String>,
}

/// What a new dashboard says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDashboard {
    /// Its name for people.
    pub name: String,
    /// What it shows.
    #[serde(default)]
    pub tiles: Vec<Tile>,
}

/// What changes of a dashboard; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardChange {
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Other tiles in the place of all.
    #[serde(default)]
    pub tiles: Option<Vec<Tile>>,
}

/// All saved reports and dashboards of a workspace, each list in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    reports: Vec<SavedReport>,
    dashboards: Vec<Dashboard>,
}

/// A document is JSON in the file, and not a string of JSON.
mod document {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    pub fn serialize<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(json).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| raw.get().to_owned())
    }
}
