//! One event's rows in a segment.

use super::arrivals::{ArrivalForm, Arrivals};
use super::cells::{Cells, PropertyCells};
use super::codes::{CodeRuns, Codes};
use super::column::{GroupColumn, PropertyColumn, PropertyValues, read_values};
use super::layout::{ArrivalLayout, CodeLayout, PropertyLayout, TableLayout};
use super::reader::Segment;
use super::runs::{RunReader, UserCursor, fill_runs, visit_runs};
use crate::codec::packed::BLOCK_VALUES;
use crate::codec::{BlobIndex, DecodeError, Packed, Texts};
use crate::index::{UnitDays, ValueDays};
use crate::model::{Arrival, EventId, GroupTypeId, PropertyId, Timestamp, UserId, Value};
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::Arc;

/// The rows of one event in one segment, sorted by (user, time, arrival). Columns are opened when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pub(super) segment: &'a Segment,
    pub(super) layout: &'a TableLayout,
}

/// The different values of a property as they are stored, ascending ([`stored_value`](super::stored_value) reads one),
/// and how many rows of each day have which.
pub type CountedValues = (Texts, ValueDays);

/// The users of a table's rows, as runs.
#[derive(Clone, Debug)]
pub struct UserRuns {
    pub(super) users: Packed,
    pub(super) starts: Packed,
    rows: usize,
}

/// Runs that are decoded in the time that one is searched.
const RUNS_PER_SEARCH: usize = 64;

impl UserRuns {
    /// Whether users ascend, and their runs follow one another within the rows.
    pub(super) fn is_sound(&self) -> bool {
        (0..self.len()).all(|run| self.rows(run).start < self.rows(run).end)
            && (1..self.len()).all(|run| self.user(run - 1) < self.user(run))
    }

    /// How many users the table has.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether the table has none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The user of a run, as sent.
    pub fn user(&self, run: usize) -> UserId {
        UserId::new(self.users.get(run) as u32)
    }

    /// The rows of a run.
    pub fn rows(&self, run: usize) -> Range<usize> {
        if run + 1 == self.starts.len() {
            return self.starts.get(run) as usize..self.rows;
        }
        let (start, end) = self.starts.get_pair(run);
        start as usize..end as usize
    }

    /// The rows of some runs.
    pub fn rows_of_runs(&self, runs: Range<usize>) -> Range<usize> {
        let start = |run: usize| if run < self.starts.len() { self.starts.get(run) as usize } else { self.rows };
        // A damaged column may not ascend.
        let end = start(runs.end).min(self.rows);
        start(runs.start).min(end)..end
    }

    /// The rows of all users whose numbers are in a range.
    pub fn rows_of_users(&self, users: Range<u32>) -> Range<usize> {
        let first_row = |user: u32| {
            let run = self.users.lower_bound(i64::from(user));
            if run < self.len() { self.starts.get(run) as usize } else { self.rows }
        };
        first_row(users.start)..first_row(users.end)
    }

    /// Calls `visit` with each user, ascending, and the user's last row.
    pub fn visit_ends(&self, mut visit: impl FnMut(UserId, usize)) {
        let (mut users, mut starts) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        // A run ends where the next begins, which is known one run later.
        let mut last = None;
        for block in 0..self.users.blocks() {
            let runs = self.users.decode_block(block, &mut users);
            self.starts.decode_block(block, &mut starts);
            for (user, start) in users[..runs].iter().zip(&starts) {
                if let Some(user) = last.replace(UserId::new(*user as u32)) {
                    visit(user, (*start as usize).clamp(1, self.rows) - 1);
                }
            }
        }
        if let Some(user) = last {
            visit(user, self.rows - 1);
        }
    }

    /// The run of a user, if the table has the user.
    pub fn run_of(&self, user: UserId) -> Option<usize> {
        let run = self.users.lower_bound(i64::from(user.raw()));
        (run < self.users.len() && self.user(run) == user).then_some(run)
    }

    /// Calls `visit` with each user, ascending, and how many rows it has.
    pub fn visit(&self, visit: impl FnMut(u32, usize)) {
        visit_runs(&self.starts, &self.users, self.rows, visit);
    }

    /// Calls `visit` with the user and the rows of these runs, until it fails.
    ///
    /// # Errors
    /// What `visit` says.
    pub fn try_visit<E>(
        &self,
        runs: Range<usize>,
        mut visit: impl FnMut(u32, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut users, mut starts) = ([0; BLOCK_VALUES], [0; BLOCK_VALUES]);
        for block in runs.start / BLOCK_VALUES..runs.end.div_ceil(BLOCK_VALUES) {
            let count = self.users.decode_block(block, &mut users);
            self.starts.decode_block(block, &mut starts);
            let first = block * BLOCK_VALUES;
            let end = if first + count < self.len() { self.starts.get(first + count) } else { self.rows as i64 };
            let ends = starts[1..count].iter().chain([&end]);
            let places = runs.start.saturating_sub(first)..count.min(runs.end - first);
            for ((user, start), end) in users.iter().zip(&starts).zip(ends).take(places.end).skip(places.start) {
                // A damaged column may not ascend.
                let start = (*start as usize).min(self.rows);
                visit(*user as u32, start..(*end as usize).clamp(start, self.rows))?;
            }
        }
        Ok(())
    }

    /// Calls `visit` with the rows of each of these users that the table has, ascending.
    pub fn visit_rows_of(&self, users: &RoaringBitmap, mut visit: impl FnMut(Range<usize>)) {
        if users.len() as usize * RUNS_PER_SEARCH < self.len() {
            let runs = users.iter().filter_map(|user| self.run_of(UserId::new(user)));
            runs.for_each(|run| visit(self.rows(run)));
        } else {
            let mut cursor = self.cursor();
            users.iter().filter_map(|user| cursor.rows_of(user)).for_each(visit);
        }
    }

    /// The rows of users that are asked for in ascending order.
    pub fn cursor(&self) -> UserCursor {
        UserCursor::new(self.reader(), self.rows)
    }

    /// The users of many rows, one block after the other.
    pub fn reader(&self) -> RunReader {
        RunReader::new(self.starts.clone(), self.users.clone())
    }

    /// The users of `rows`, by number, into the front of `out`.
    pub fn decode(&self, rows: Range<usize>, out: &mut [u32]) {
        fill_runs(&self.starts, &self.users, rows, out);
    }
}

impl<'a> Table<'a> {
    /// The event.
    pub fn event(&self) -> EventId {
        EventId::new(self.layout.event)
    }

    /// The segment.
    pub fn segment(&self) -> &'a Segment {
        self.segment
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.layout.rows as usize
    }

    /// The number of the first row, counted through the segment.
    pub fn first_row(&self) -> u32 {
        self.layout.first_row
    }

    /// The time of the earliest and of the latest row.
    pub fn time_range(&self) -> (Timestamp, Timestamp) {
        (Timestamp::clamped(self.layout.min_time), Timestamp::clamped(self.layout.max_time))
    }

    /// Whether any of the table's columns or indexes was read since the segment was opened.
    pub fn was_read(&self) -> bool {
        self.layout.blobs().into_iter().any(|blob| self.segment.container.was_read(blob))
    }

    /// The name of the segment's file, for errors.
    pub fn file(&self) -> &'a Arc<str> {
        self.segment.file()
    }

    /// Damage of a column.
    pub(super) fn damage(&self, problem: impl Into<String>, blob: BlobIndex) -> DecodeError {
        DecodeError::new(problem, self.segment.container.blob_offset(blob)).in_file(self.segment.container.file())
    }

    fn column(&self, blob: BlobIndex, length: usize) -> Result<Packed, DecodeError> {
        let column = self.segment.container.column(blob)?;
        if column.len() == length {
            return Ok(column);
        }
        let problem = format!("a column has {} values where {length} belong", column.len());
        Err(self.damage(problem, blob))
    }

    /// Two columns of runs, checked to begin at row 0 and to be of one length.
    fn runs(&self, starts: BlobIndex, values: BlobIndex) -> Result<(Packed, Packed), DecodeError> {
        let starts_column = self.segment.container.column(starts)?;
        let values = self.column(values, starts_column.len())?;
        if starts_column.is_empty() || starts_column.get(0) != 0 {
            return Err(DecodeError::new(
                "runs do not begin at the first row",
                self.segment.container.blob_offset(starts),
            ));
        }
        Ok((starts_column, values))
    }

    /// The users.
    ///
    /// # Errors
    /// When the column is damaged, as for all columns below.
    pub fn users(&self) -> Result<UserRuns, DecodeError> {
        let (starts, users) = self.runs(self.layout.run_starts, self.layout.run_users)?;
        Ok(UserRuns { users, starts, rows: self.rows() })
    }

    /// The times, in microseconds.
    pub fn times(&self) -> Result<Packed, DecodeError> {
        self.column(self.layout.times, self.rows())
    }

    /// The arrivals, relative to [`Self::arrival_base`].
    pub fn arrivals(&self) -> Result<Arrivals, DecodeError> {
        let column = |blob| self.column(blob, self.rows());
        let pace = self.segment.pace();
        let form = match &self.layout.arrivals {
            // Of damage to the pace those tell whose arrivals are lost by it.
            ArrivalLayout::Each(arrivals) => ArrivalForm::Each(column(*arrivals)?),
            ArrivalLayout::Paced { codes, late } => {
                if pace.clone()?.is_none() {
                    return Err(self.damage("arrivals are paced in a segment without a pace", *codes));
                }
                let late = late.map(|late| {
                    let rows = self.segment.container.column(late.rows)?;
                    Ok((rows.clone(), self.column(late.arrivals, rows.len())?))
                });
                ArrivalForm::Paced { codes: column(*codes)?, late: late.transpose()? }
            }
        };
        Ok(Arrivals { times: self.times()?, form, pace: pace.ok().flatten() })
    }

    /// What arrivals are relative to.
    pub fn arrival_base(&self) -> Arrival {
        Arrival::new(self.segment.content.first_arrival)
    }

    /// The keys of a group type; `None` when no row has one.
    pub fn group(&self, group_type: GroupTypeId) -> Result<Option<GroupColumn>, DecodeError> {
        let Some((_, layout)) = self.layout.groups.iter().find(|(id, _)| *id == group_type.raw()) else {
            return Ok(None);
        };
        let (run_starts, run_keys) = self.runs(layout.run_starts, layout.run_keys)?;
        Ok(Some(GroupColumn { run_keys, run_starts, rows: self.rows() }))
    }

    /// The group types of which a row has a key.
    pub fn group_types(&self) -> impl Iterator<Item = GroupTypeId> + 'a {
        self.layout.groups.iter().map(|(id, _)| GroupTypeId::new(*id))
    }

    /// The properties that a row has.
    pub fn property_names(&self) -> impl Iterator<Item = PropertyId> + 'a {
        self.layout.properties.iter().map(|(id, _)| PropertyId::new(*id))
    }

    fn property_layout(&self, name: PropertyId) -> Option<&'a PropertyLayout> {
        self.layout.properties.iter().find(|(id, _)| *id == name.raw()).map(|(_, layout)| layout)
    }

    /// A property for looking up some of the rows; `None` when no row has it.
    pub fn property_cells(&self, name: PropertyId) -> Result<Option<PropertyCells>, DecodeError> {
        let cells = match self.property_layout(name) {
            Some(PropertyLayout::Dictionary { codes, values, .. }) => {
                Cells::Coded { codes: self.codes(codes)?, texts: self.segment.container.read(*values, Texts::open)? }
            }
            _ => match self.property(name)? {
                Some(column) => Cells::Numbers(column),
                None => return Ok(None),
            },
        };
        Ok(Some(PropertyCells { cells }))
    }

    /// Not 0 for each row that has a property, without reading its values; `None` when all rows may have it.
    pub fn property_presence(&self, name: PropertyId) -> Result<Option<Codes>, DecodeError> {
        match self.property_layout(name) {
            None => Ok(None),
            Some(PropertyLayout::Dictionary { codes, .. }) => self.codes(codes).map(Some),
            Some(PropertyLayout::Integers { present, .. } | PropertyLayout::Doubles { present, .. }) => {
                present.map(|blob| self.column(blob, self.rows()).map(Codes::Each)).transpose()
            }
        }
    }

    fn codes(&self, layout: &CodeLayout) -> Result<Codes, DecodeError> {
        Ok(match layout {
            CodeLayout::Each(codes) => Codes::Each(self.column(*codes, self.rows())?),
            CodeLayout::Runs(runs) => {
                let container = &self.segment.container;
                let begins = container.blob(runs.begins)?;
                let (codes, firsts) = (container.column(runs.codes)?, container.column(runs.firsts)?);
                let opened = CodeRuns::open(self.rows(), begins, codes, firsts);
                Codes::Runs(opened.map_err(|error| self.damage(&error.problem, runs.begins))?)
            }
        })
    }

    /// The values of a property; `None` when no row has it.
    pub fn property(&self, name: PropertyId) -> Result<Option<PropertyColumn>, DecodeError> {
        self.property_kept(name, |_| Ok(()))
    }

    /// The same. Where values are listed, `keep` is called with each of the list before the next is read, and may end
    /// the reading.
    ///
    /// # Errors
    /// When the column is damaged, and what `keep` says.
    pub fn property_kept<E: From<DecodeError>>(
        &self,
        name: PropertyId,
        keep: impl FnMut(&Value) -> Result<(), E>,
    ) -> Result<Option<PropertyColumn>, E> {
        let Some(layout) = self.property_layout(name) else { return Ok(None) };
        let present = |blob: &Option<BlobIndex>| blob.map(|blob| self.column(blob, self.rows())).transpose();
        let values = match layout {
            PropertyLayout::Dictionary { codes, values, .. } => {
                let values =
                    self.segment.container.read(*values, |bytes| read_values(&Texts::open(bytes)?, keep))??;
                PropertyValues::Dictionary { codes: self.codes(codes)?, values }
            }
            PropertyLayout::Integers { present: rows, values } => {
                PropertyValues::Integers { present: present(rows)?, values: self.column(*values, self.rows())? }
            }
            PropertyLayout::Doubles { present: rows, values } => {
                let bytes = self.segment.container.blob(*values)?;
                if bytes.len() != self.rows() * 8 {
                    let problem = "a column of doubles has another length than its table";
                    return Err(self.damage(problem, *values).into());
                }
                PropertyValues::Doubles { present: present(rows)?, values: bytes }
            }
        };
        Ok(Some(PropertyColumn { values }))
    }

    /// The different values of a property, and how many rows of each day have which; `None` where that is not counted.
    ///
    /// # Errors
    /// When the property is damaged.
    pub fn value_days(&self, name: PropertyId) -> Result<Option<CountedValues>, DecodeError> {
        let Some(PropertyLayout::Dictionary { values, days: Some(days), .. }) = self.property_layout(name) else {
            return Ok(None);
        };
        let container = &self.segment.container;
        let values = container.read(*values, Texts::open)?;
        let of_table = self.user_days()?.len();
        let counts = container.read(*days, |bytes| ValueDays::open(bytes, values.len(), of_table))?;
        Ok(Some((values, counts)))
    }

    /// 1 + the place in the list of the sender's own ids for each row, 0 for none; `None` when no row has one.
    pub fn insert_id_places(&self) -> Result<Option<Packed>, DecodeError> {
        let places = self.layout.insert_ids.as_ref().map(|layout| layout.places);
        places.map(|places| self.column(places, self.rows())).transpose()
    }

    /// The sender's own ids: 1 + the place in the list for each row (0 for none), and the list.
    pub fn insert_ids(&self) -> Result<Option<(Packed, Texts)>, DecodeError> {
        let Some(layout) = &self.layout.insert_ids else { return Ok(None) };
        let texts = self.segment.container.read(layout.texts, Texts::open)?;
        Ok(Some((self.column(layout.places, self.rows())?, texts)))
    }

    /// Which users did it on which day.
    pub fn user_days(&self) -> Result<UnitDays, DecodeError> {
        self.segment.container.read(self.layout.user_days, UnitDays::open)
    }

    /// Which keys of a group type did it on which day; `None` when no row has a key.
    pub fn key_days(&self, group_type: GroupTypeId) -> Result<Option<UnitDays>, DecodeError> {
        let found = self.layout.key_days.iter().find(|(id, _)| *id == group_type.raw());
        found.map(|(_, blob)| self.segment.container.read(*blob, UnitDays::open)).transpose()
    }

    /// Every property that a row has, with its value.
    ///
    /// # Errors
    /// When a column is damaged.
    pub fn row_properties(&self, row: usize) -> Result<Vec<(PropertyId, Value)>, DecodeError> {
        let mut found = Vec::new();
        for name in self.property_names() {
            if let Some(value) = self.property(name)?.and_then(|column| column.get(row)) {
                found.push((name, value));
            }
        }
        Ok(found)
    }
}
