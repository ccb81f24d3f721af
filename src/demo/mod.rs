//! A made-up workspace: three months of a small B2B product, for trying things out.
//!
//! Companies sign up, invite people, make projects, use features on weekdays, upgrade or leave; people switch
//! companies; some visit before they sign up and are joined by alias. Properties of companies and people change over
//! time, so that "now" and "at the time" differ, and different members of a company do different things, so that
//! counting by company and by user differ.
//!
//! Invariants:
//! - The same seed and the same end give the same lines, on every machine and in every version of any dependency:
//!   the random numbers are made here and no function of the platform's mathematics is used.
//! - Nothing happens at or after the end.
//! - No clock, no input, no output.

mod company;
mod day;
mod lines;
mod names;
mod person;
mod random;
#[cfg(test)]
mod tests;

use crate::model::{Line, NameError, Timestamp};
use company::Company;
use person::Person;
use random::Random;

/// How many days the workspace has.
pub const DAYS: u32 = 90;
/// The day on which the feature `ai_chart` appears, counted from 0.
pub const AI_CHART_DAY: u32 = 48;
/// The seed of the workspace that the command makes.
pub const SEED: u64 = 0x7261_636b_6372_756d;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The workspace as it comes into being, day by day.
///
/// ```
/// use trackcrumb::demo::{DAYS, SEED, Workspace};
/// use trackcrumb::model::Timestamp;
///
/// let end = Timestamp::parse("2026-04-01T00:00:00Z").unwrap();
/// let mut workspace = Workspace::new(SEED, end);
/// let first = workspace.next_day()?.unwrap();
/// assert!(!first.is_empty());
/// # Ok::<(), trackcrumb::model::NameError>(())
/// ```
#[derive(Debug)]
pub struct Workspace {
    random: Random,
    end: Timestamp,
    day: u32,
    companies: Vec<Company>,
    people: Vec<Person>,
    projects: u32,
    events: u32,
}

impl Workspace {
    /// A workspace whose last day is the one before `end`, which is a midnight in UTC.
    pub fn new(seed: u64, end: Timestamp) -> Self {
        Self {
            random: Random::new(seed),
            end,
            day: 0,
            companies: Vec::new(),
            people: Vec::new(),
            projects: 0,
            events: 0,
        }
    }

    /// The lines of the next day, by time; `None` after the last day.
    ///
    /// # Errors
    /// Never, unless a made-up name breaks a rule of the model.
    pub fn next_day(&mut self) -> Result<Option<Vec<Line>>, NameError> {
        if self.day == DAYS {
            return Ok(None);
        }
        let lines = self.live_through(self.day)?;
        self.day += 1;
        Ok(Some(lines))
    }

    /// The midnight at which a day begins, in microseconds.
    fn midnight(&self, day: u32) -> i64 {
        self.end.micros() - i64::from(DAYS - day) * DAY_MICROS
    }
}
