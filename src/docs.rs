//! What the reports mean, in plain words, with examples small enough to count by hand. Documentation only: the pages
//! are the files of `docs/`, and each example in them is run as a test.
//!
//! [shared]: self::shared
//! [properties]: self::properties
//! [trends]: self::trends
//! [funnels]: self::funnels
//! [retention]: self::retention
//! [cohorts]: self::cohorts
//! [stickiness]: self::stickiness
//! [lifecycle]: self::lifecycle
//! [paths]: self::paths
#![doc = include_str!("../docs/README.md")]

use crate::files::sim::SimDisk;
use crate::input::LineReader;
use crate::language::Report;
use crate::model::Timestamp;
use crate::reports;
use crate::store::{FixedEnvironment, Options, Outcome, Store};
use serde_json::Value;
use std::fmt::Display;
use std::sync::Arc;

pub use serde_json::json;

/// Where the clock of [`ask`] stands: noon of the last day of March 2026.
pub const NOW: &str = "2026-03-31T12:00:00Z";

/// Puts input lines into an empty store in memory, and asks it for one report. The clock stands at [`NOW`].
///
/// ```
/// use trackcrumb::docs::{ask, json};
///
/// let line = r#"{"type":"track","distinct_id":"ann","event":"login","timestamp":"2026-03-01T09:00:00Z"}"#;
/// let document = r#"{"report":"cohort","where":{"did":"login"}}"#;
/// assert_eq!(ask(line, document).unwrap()["members"], json!(["ann"]));
/// ```
///
/// # Errors
/// The sentence that the command line would print, when a line is refused or the report has no answer.
pub fn ask(lines: &str, document: &str) -> Result<Value, String> {
    let now = Timestamp::parse(NOW).map_err(sentence)?;
    let environment = Arc::new(FixedEnvironment::new(now));
    let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).map_err(sentence)?;
    let mut reader = LineReader::new(lines.as_bytes());
    while let Some(raw) = reader.next_line().map_err(sentence)? {
        let Some(line) = raw.parse() else { continue };
        let written = store.write([line.map_err(sentence)?]).map_err(sentence)?;
        if let Some(Outcome::Refused(refusal)) = written.outcomes.first() {
            return Err(refusal.to_string());
        }
    }
    let report = Report::parse(document).map_err(sentence)?;
    let snapshot = store.snapshot().map_err(sentence)?;
    reports::run(&snapshot, &report, now).map(|answer| answer.to_json()).map_err(sentence)
}

fn sentence(error: impl Display) -> String {
    error.to_string()
}

/// One module per page. The links between pages are written for a place that shows the files themselves; here they
/// lead to the modules instead, as of two definitions of a link the first counts.
macro_rules! pages {
    ($($page:ident)*) => {$(
        #[doc = "[shared]: crate::docs::shared\n[properties]: crate::docs::properties"]
        #[doc = "[trends]: crate::docs::trends\n[funnels]: crate::docs::funnels\n[retention]: crate::docs::retention"]
        #[doc = "[cohorts]: crate::docs::cohorts\n[stickiness]: crate::docs::stickiness\n[lifecycle]: crate::docs::lifecycle"]
        #[doc = "[paths]: crate::docs::paths\n"]
        #[doc = include_str!(concat!("../docs/", stringify!($page), ".md"))]
        pub mod $page {}
    )*};
}

pages!(shared properties trends funnels retention cohorts stickiness lifecycle paths);
