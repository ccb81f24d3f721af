//! In which order the rows of several tables become those of one, found from users and times alone: inputs are in order of
//! arrival.

use super::super::{Table, UserRuns};
use crate::codec::{DecodeError, Packed, Reader, Writer};
use crate::model::{Erasure, Timestamp, UserId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The rows of a merged table: which input each comes from, next of its rows first. Takes about a byte a row at most,
/// where inputs are few: neighbouring rows of one input are one number.
pub(super) struct RowOrder {
    /// For each run of rows a varint: how many more than one, then the input, then whether they are left out.
    runs: Vec<u8>,
    input_bits: u32,
    last: Option<RowRun>,
    kept: usize,
}

/// Neighbouring rows of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowRun {
    /// Which of the inputs.
    pub input: usize,
    /// How many rows; at least one.
    pub rows: usize,
    /// Whether they go into the merged table, and are not left out.
    pub kept: bool,
}

impl RowOrder {
    /// All rows of the tables, which are in order of arrival, by user, time and arrival.
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn of(tables: &[Table<'_>]) -> Result<Self, DecodeError> {
        let mut order = Self::new(tables.len());
        let mut inputs =
            tables.iter().enumerate().map(|(input, table)| Rows::open(table, input)).collect::<Result<Vec<_>, _>>()?;
        let mut next: BinaryHeap<Reverse<Place>> = inputs.iter().filter_map(|rows| rows.next().map(Reverse)).collect();
        while let Some(Reverse((_, _, input))) = next.pop() {
            let rows = &mut inputs[input];
            let taken = rows.take_before(next.peek().map(|Reverse(place)| *place));
            order.push(RowRun { input, rows: taken, kept: true });
            next.extend(rows.next().map(Reverse));
        }
        Ok(order.finish())
    }

    /// The rows of one table, without those that an erasure takes.
    ///
    /// # Errors
    /// When a column that is needed is damaged.
    pub fn without(table: &Table<'_>, erasure: &Erasure) -> Result<Self, DecodeError> {
        let mut order = Self::new(1);
        let rows = Rows::open(table, 0)?;
        for run in 0..rows.users.len() {
            let user = rows.users.user(run);
            for row in rows.users.rows(run) {
                let time = Timestamp::clamped(rows.times.get(row));
                order.push(RowRun { input: 0, rows: 1, kept: !erasure.takes_event(user, time) });
            }
        }
        Ok(order.finish())
    }

    fn new(inputs: usize) -> Self {
        let input_bits = usize::BITS - inputs.saturating_sub(1).leading_zeros();
        Self { runs: Vec::new(), input_bits, last: None, kept: 0 }
    }

    fn push(&mut self, run: RowRun) {
        if run.kept {
            self.kept += run.rows;
        }
        match &mut self.last {
            Some(last) if (last.input, last.kept) == (run.input, run.kept) => last.rows += run.rows,
            last => {
                if let Some(ended) = last.replace(run) {
                    self.write(ended);
                }
            }
        }
    }

    fn write(&mut self, run: RowRun) {
        let rows = (run.rows as u64 - 1) << self.input_bits | run.input as u64;
        self.runs.put_varint(rows << 1 | u64::from(!run.kept));
    }

    fn finish(mut self) -> Self {
        if let Some(ended) = self.last.take() {
            self.write(ended);
        }
        self
    }

    /// How many rows the merged table has.
    pub fn rows(&self) -> usize {
        self.kept
    }

    /// The runs, in the order of the merged table.
    pub fn runs(&self) -> impl Iterator<Item = RowRun> + '_ {
        let mut reader = Reader::new(&self.runs);
        // Reading fails where the runs end, and nowhere else.
        std::iter::from_fn(move || reader.varint().ok()).map(|code| {
            let input = (code >> 1) & ((1 << self.input_bits) - 1);
            let rows = (code >> 1 >> self.input_bits) + 1;
            RowRun { input: input as usize, rows: rows as usize, kept: code & 1 == 0 }
        })
    }
}

/// The place of a row in the order of the merged table: user, time, and the input, which stands for the arrival.
type Place = (UserId, i64, usize);

/// The rows of one input, from one on.
struct Rows {
    users: UserRuns,
    times: Packed,
    input: usize,
    run: usize,
    row: usize,
}

impl Rows {
    fn open(table: &Table<'_>, input: usize) -> Result<Self, DecodeError> {
        let users = table.users()?;
        if !users.is_sound() {
            return Err(table.damage("the users of a table are out of order", table.layout.run_users));
        }
        Ok(Self { users, times: table.times()?, input, run: 0, row: 0 })
    }

    fn next(&self) -> Option<Place> {
        (self.run < self.users.len()).then(|| self.place(self.row))
    }

    /// The place of a row of the current run.
    fn place(&self, row: usize) -> Place {
        (self.users.user(self.run), self.times.get(row), self.input)
    }

    /// Takes the next row, which there must be, and those after it that come before `end`; answers how many.
    fn take_before(&mut self, end: Option<Place>) -> usize {
        let start = self.row;
        self.row += 1;
        loop {
            let run_end = self.users.rows(self.run).end;
            self.row = self.first_not_before(end, run_end);
            if self.row < run_end {
                break;
            }
            self.run += 1;
            if self.run == self.users.len() || end.is_some_and(|(user, ..)| self.users.user(self.run) > user) {
                break;
            }
        }
        self.row - start
    }

    /// The first row of the current run, from the next on, that does not come before `end`.
    fn first_not_before(&self, end: Option<Place>, run_end: usize) -> usize {
        let Some(end) = end else { return run_end };
        // Mostly all of a user's rows in one input come before those in the other.
        if self.row == run_end || self.users.user(self.run) < end.0 || self.place(run_end - 1) < end {
            return run_end;
        }
        (self.row..run_end).find(|row| self.place(*row) >= end).unwrap_or(run_end)
    }
}
