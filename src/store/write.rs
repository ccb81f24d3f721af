//! What programs write: batches, with or without a key of their own, and settings.

use super::batch_keys::{BatchKey, WriteOnceError};
use super::draft::{Drafting, Outcome, WrittenLines};
use super::engine::Ticket;
use super::error::StoreError;
use super::handle::Store;
use super::unknown::UnknownName;
use crate::codec::DecodeError;
use crate::input::{ParsedLines, check_line};
use crate::language::Zone;
use crate::log::ImportRecord;
use crate::model::{GroupType, Line, Timestamp};
use std::sync::Arc;

/// Which limits of a line are still to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checks {
    /// A program made the line.
    Full,
    /// The parser checked everything.
    DoneByParser,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Lines that are stored now.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicate: u64,
    /// What became of each line, in order.
    pub outcomes: Vec<Outcome>,
}

impl Written {
    fn of(outcomes: Vec<Outcome>) -> Self {
        let count = |wanted: &Outcome| outcomes.iter().filter(|outcome| *outcome == wanted).count() as u64;
        Self { accepted: count(&Outcome::Accepted), duplicate: count(&Outcome::Duplicate), outcomes }
    }
}

impl Store {
    /// Writes a batch: what is accepted of it is stored as a whole or, after a crash, not at all.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is stored.
    pub fn write(&self, lines: impl IntoIterator<Item = Line>) -> Result<Written, StoreError> {
        self.write_lines(lines, Checks::Full, None, false)
    }

    /// Writes a batch of which every line must be accepted or a duplicate.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for the first line that is not; then nothing is stored.
    pub fn write_strict(&self, lines: impl IntoIterator<Item = Line>) -> Result<Written, StoreError> {
        self.write_lines(lines, Checks::Full, None, true)
    }

    /// Writes lines as [`parse_line`](crate::input::parse_line) gave them and, in the same batch, how far the import
    /// got that they are part of.
    ///
    /// # Errors
    /// As [`Self::write`], and when `strict` as [`Self::write_strict`].
    pub fn write_import(
        &self,
        lines: impl IntoIterator<Item = Line>,
        import: Option<ImportRecord>,
        strict: bool,
    ) -> Result<Written, StoreError> {
        self.write_lines(lines, Checks::DoneByParser, import, strict)
    }

    /// Writes lines as [`write_import`](Self::write_import) does that came under a key, which is remembered in the same
    /// batch: the newest [`BATCH_KEYS_MAX`](crate::model::limits::BATCH_KEYS_MAX) of a workspace, for
    /// [`BATCH_KEY_MICROS`](crate::model::limits::BATCH_KEY_MICROS) of its clock. A batch of which nothing is accepted
    /// is not remembered.
    ///
    /// When the same came under the key before, nothing is written and every line is a duplicate; that is answered once
    /// the first copy is durable.
    ///
    /// # Errors
    /// [`WriteOnceError::KeyReused`] when something else came under the key, and when nothing can be written. Then
    /// nothing of it is stored.
    pub fn write_once(&self, lines: impl IntoIterator<Item = Line>, key: &BatchKey) -> Result<Written, WriteOnceError> {
        let mut writer = self.writer();
        let (draft, outcomes) = writer.engine.draft(|drafting| {
            if let Some(known) = drafting.batch_key(key) {
                let repeated = key.repeats(&known).then(|| lines.into_iter().map(|_| Outcome::Duplicate).collect());
                return Ok(repeated.ok_or(Timestamp::clamped(known.time_micros)));
            }
            let outcomes: Vec<Outcome> =
                lines.into_iter().map(|line| drafting.add(&line)).collect::<Result<_, DecodeError>>()?;
            if outcomes.contains(&Outcome::Accepted) {
                drafting.remember(key);
            }
            Ok(Ok(outcomes))
        })?;
        let outcomes = outcomes.map_err(|time| WriteOnceError::KeyReused { time })?;
        // Without anything to append it is the place after the first copy, synced or not.
        let ticket = writer.engine.append(draft)?;
        self.wait_until_durable(writer, ticket)?;
        Ok(Written::of(outcomes))
    }

    /// Appends lines as [`Self::write_import`] writes them, as they were parsed together. They are durable once
    /// [`Self::wait_for`] the ticket has returned.
    pub(super) fn append_parsed(
        &self,
        lines: &ParsedLines,
        import: Option<ImportRecord>,
    ) -> Result<(WrittenLines, Ticket), StoreError> {
        let mut writer = self.writer();
        let (draft, written) = writer.engine.draft(|drafting| {
            let written = drafting.add_parsed(lines)?;
            import.into_iter().for_each(|import| drafting.import(import));
            Ok(written)
        })?;
        Ok((written, writer.engine.append(draft)?))
    }

    /// Gathers rows of some of what was appended, so that sealing it takes less time. Answers whether some may be left.
    pub(super) fn gather(&self) -> bool {
        let gathering = Arc::clone(&self.writer().engine.gathering);
        let progress = gathering.progress();
        let new = self.writer().engine.ungathered(&progress);
        new.is_some_and(|new| gathering.add(&progress, new))
    }

    /// The place after everything appended so far.
    pub(super) fn ticket(&self) -> Ticket {
        self.writer().engine.ticket()
    }

    /// Waits until everything before the ticket is durable.
    pub(super) fn wait_for(&self, ticket: Ticket) -> Result<(), StoreError> {
        self.wait_until_durable(self.writer(), ticket)
    }

    fn write_lines(
        &self,
        lines: impl IntoIterator<Item = Line>,
        checks: Checks,
        import: Option<ImportRecord>,
        strict: bool,
    ) -> Result<Written, StoreError> {
        let mut writer = self.writer();
        let (draft, outcomes) = writer.engine.draft(|drafting| {
            let mut outcomes = Vec::new();
            for line in lines {
                outcomes.push(match checks {
                    Checks::Full => match check_line(&line) {
                        Ok(()) => drafting.add(&line)?,
                        Err(refusal) => Outcome::Refused(refusal.into()),
                    },
                    Checks::DoneByParser => drafting.add(&line)?,
                });
            }
            if let Some(import) = import {
                drafting.import(import);
            }
            Ok(outcomes)
        })?;
        let refused = outcomes.iter().enumerate().find_map(|(index, outcome)| match outcome {
            Outcome::Refused(refusal) => Some((index, refusal.clone())),
            _ => None,
        });
        if strict && let Some((index, refusal)) = refused {
            writer.engine.abandon(&draft)?;
            return Err(StoreError::Refused { index, refusal });
        }
        let ticket = writer.engine.append(draft)?;
        self.wait_until_durable(writer, ticket)?;
        Ok(Written::of(outcomes))
    }

    /// Declares a group type under a display name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn declare_group_type(&self, group_type: &GroupType, display_name: &str) -> Result<(), StoreError> {
        self.change(|drafting| drafting.declare(group_type, display_name))
    }

    /// Turns the refusal of undeclared group types on or off.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_only_declared(&self, on: bool) -> Result<(), StoreError> {
        self.change(|drafting| {
            drafting.only_declared(on);
            Ok(())
        })
    }

    /// Keeps events for so many days from now on, `None` for ever. What is older goes with the next maintenance, as by
    /// [`Self::expire`]; until then it may or may not still be in answers. Days are those of UTC, whatever the time zone
    /// of the workspace.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_keep_days(&self, days: Option<u32>) -> Result<(), StoreError> {
        self.change(|drafting| {
            drafting.keep_days(days);
            Ok(())
        })
    }

    /// Has documents without `timezone` follow the calendar of this IANA time zone from now on, in place of UTC's: their
    /// dates, relative times, buckets and labels, and those of saved cohorts. Letter case does not matter. What is
    /// stored does not change by it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] with the nearest names when there is no such zone, and when it cannot be written.
    pub fn set_timezone(&self, name: &str) -> Result<(), StoreError> {
        let Some(zone) = Zone::named(name) else {
            let known: Vec<String> = Zone::names().collect();
            return Err(UnknownName::new("time zone", name, known.iter().map(String::as_str)).into());
        };
        self.change(|drafting| {
            drafting.timezone(&zone);
            Ok(())
        })
    }

    /// Writes a batch of which everything is taken.
    fn change<T>(&self, fill: impl FnOnce(&mut Drafting<'_>) -> Result<T, DecodeError>) -> Result<T, StoreError> {
        let mut writer = self.writer();
        let (draft, filled) = writer.engine.draft(fill)?;
        let ticket = writer.engine.append(draft)?;
        self.wait_until_durable(writer, ticket)?;
        Ok(filled)
    }
}
