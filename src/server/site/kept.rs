//! Saved reports answered where several stand on one page: in turn, for as long as the page waits.

use super::reports::answered;
use crate::html::Visit;
use crate::html::report::{Kept, Kind, Outcome};
use crate::language::Report;
use crate::reports::{Limits, ReportError};
use crate::saved::SavedReport;
use crate::store::Snapshot;
use std::time::{Duration, Instant};

/// How long a page waits for all of its reports, and what each may take.
pub(super) struct Patience<'a> {
    pub snapshot: &'a Snapshot,
    pub visit: &'a Visit,
    pub limits: &'a Limits,
    /// When the page waits no longer; never, where it is about one report.
    pub until: Option<Instant>,
}

impl Patience<'_> {
    /// A report with what comes of it.
    pub fn ask(&self, saved: &SavedReport) -> Kept {
        let refused =
            |sentence: String| Kept { saved: saved.clone(), asked: None, outcome: Outcome::Refused(sentence) };
        let report = match Report::parse(&saved.report) {
            Ok(report) => report,
            Err(error) => return refused(error.to_string()),
        };
        match Kind::of_page(&report) {
            Some(kind) => {
                let outcome = self.outcome(&report);
                Kept { saved: saved.clone(), asked: Some((kind, report)), outcome }
            }
            None => refused("it lists units, and has no number of its own; ask for it over the API".to_owned()),
        }
    }

    fn outcome(&self, report: &Report) -> Outcome {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Outcome::Later;
        }
        let limits = Limits { time: left.into_iter().chain(self.limits.time).min(), ..self.limits.clone() };
        match answered(self.snapshot, self.visit, None, report, &limits) {
            Ok(answered) => Outcome::Answered(Box::new(answered)),
            Err(ReportError::TimeExceeded { .. }) if left.is_some() => Outcome::Later,
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }
}
