//! Sets of units for every slot and piece, one bit a unit: what distinct units are counted with where there are rows
//! enough for it. Where there are not, they are lists ([`super::cells`]).

use super::charge::{Charge, Charged};
use super::division::Division;
use super::error::ExecutionError;
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units};
use super::scan::Block;
use super::slots::{Slots, TableSlots};
use super::split::{RowFold, RowsToRead};
use super::unit_cells::SlotCounts;
use super::unit_runs::{RowTimes, RunFold};
use super::unit_set::UnitSet;
use crate::codec::packed::BLOCK_VALUES;
use crate::segment::{BlockBuffer, Table};
use std::ops::Range;

/// Bits are used while they take at most so many bytes a row; a list of units would take four, and sorting.
const BYTES_A_ROW: usize = 16;
/// And so many bytes in all.
const BYTES_MAX: usize = 64 << 20;
/// Units of a word.
const WORD_UNITS: usize = 64;

/// See the module.
pub(super) struct UnitGrid {
    /// One for each slot and piece.
    sets: usize,
    pieces: usize,
    /// For 64 units after the other: a word of each set, by slot, then by piece.
    words: Vec<u64>,
    _charge: Charge,
}

impl UnitGrid {
    /// The units of the rows that a look asks for; `None` where bits are not the way to count them.
    ///
    /// # Errors
    /// When the store is damaged, or the execution stopped.
    pub fn fold(
        query: Query<'_>,
        look: &Look,
        division: &impl Division,
        slots: Option<&Slots>,
    ) -> Result<Option<Self>, ExecutionError> {
        let Some(size) = Size::of(query, look, slots.map_or(1, Slots::len), division.len()) else { return Ok(None) };
        if let Some((slots, in_force)) = slots.and_then(|slots| Some((slots, slots.in_force(query)?))) {
            let is_often_there = matches!(query.units, Units::Keys(_));
            let fold = RunFold {
                most: usize::MAX,
                only: None,
                start: || Ok((size.grid(query.guard)?, RunRoom::default())),
                visit: |(grid, room): &mut (Self, RunRoom), rows_times: &RowTimes, unit: u32, rows: Range<usize>| {
                    in_force.visit_in_force(unit, rows_times, rows, |tuple, rows| {
                        let slot = slots.slot_of(tuple) as usize;
                        // Most rows of keys are of those that many users have, which soon are in all pieces.
                        if is_often_there && grid.is_in_pieces_of(slot, unit, division, rows_times, &rows) {
                            return;
                        }
                        for start in rows.clone().step_by(RUN_ROWS) {
                            let rows = start..rows.end.min(start + RUN_ROWS);
                            let times = rows_times.times.decode_range(rows, &mut room.times);
                            let pieces = &mut room.pieces[..times.len()];
                            division.indexes_of(times, pieces);
                            grid.add_to_pieces(slot, pieces, unit);
                        }
                    });
                    Ok(())
                },
                join: |(grid, _): &mut (Self, RunRoom), (other, _): (Self, RunRoom)| {
                    grid.join(&other);
                    Ok(())
                },
            };
            match fold.run(query, look) {
                Err(ExecutionError::Stopped(Stop::Memory)) => return Ok(None),
                Err(error) => return Err(error),
                Ok(Some((grid, _))) => return Ok(Some(grid)),
                // A filter wants the rows.
                Ok(None) => {}
            }
        }
        let fold = RowFold {
            looks_at_units: true,
            row_work: 1,
            start: || size.grid(query.guard),
            open: |table: Table<'_>| slots.map(|slots| slots.open(query, table)).transpose(),
            visit: |grid: &mut Self,
                    table_slots: &mut Option<TableSlots<'_>>,
                    block: &Block<'_>,
                    mask: &Mask,
                    buffer: &mut BlockBuffer| {
                let row_slots = table_slots.as_mut().map(|slots| slots.decode(block, buffer)).transpose()?;
                // Bound by finding the piece of a time: all sets of a user lie side by side, and users ascend.
                mask.rows().for_each(|row| {
                    let unit = block.units[row];
                    if unit != NO_UNIT
                        && let Some(piece) = division.index_of(block.times[row])
                    {
                        grid.add(row_slots.map_or(0, |slots| slots[row] as usize), piece, unit);
                    }
                });
                Ok(())
            },
            join: |grid: &mut Self, other: Self| {
                grid.join(&other);
                Ok(())
            },
        };
        match fold.run(query, look, RowsToRead::all(query, look)) {
            // Lists may do with less memory than there is.
            Err(ExecutionError::Stopped(Stop::Memory)) => Ok(None),
            grid => grid.map(Some),
        }
    }

    fn join(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    #[inline]
    fn add(&mut self, slot: usize, piece: usize, unit: u32) {
        let set = slot * self.pieces + piece;
        if set < self.sets
            && let Some(word) = self.words.get_mut(unit as usize / WORD_UNITS * self.sets + set)
        {
            *word |= 1 << (unit as usize % WORD_UNITS);
        }
    }

    /// Adds a unit to these pieces of a slot, of which some may be `NO_PIECE`.
    #[inline]
    fn add_to_pieces(&mut self, slot: usize, pieces: &[u32], unit: u32) {
        let (first, bit) = (slot * self.pieces, 1 << (unit as usize % WORD_UNITS));
        let words = self.words.chunks_exact_mut(self.sets.max(1)).nth(unit as usize / WORD_UNITS);
        if let Some(words) = words.and_then(|words| words.get_mut(first..first + self.pieces)) {
            // Bound by these loads and stores, of which some are of the same word.
            pieces.iter().for_each(|piece| words.get_mut(*piece as usize).into_iter().for_each(|word| *word |= bit));
        }
    }

    /// Whether a unit is in all pieces of a slot from the first of its rows to the last, which are in order of time.
    fn is_in_pieces_of(
        &self,
        slot: usize,
        unit: u32,
        division: &impl Division,
        rows_times: &RowTimes,
        rows: &Range<usize>,
    ) -> bool {
        let words = self.words.chunks_exact(self.sets.max(1)).nth(unit as usize / WORD_UNITS);
        let Some(words) = words.and_then(|words| words.get(slot * self.pieces..(slot + 1) * self.pieces)) else {
            // Of no slot that is counted, or no unit.
            return true;
        };
        let has = |word: &u64| word >> (unit as usize % WORD_UNITS) & 1 == 1;
        let piece_at = |row: usize| division.index_of(rows_times.times.get(row));
        let Some(first) = piece_at(rows.start).filter(|first| words.get(*first).is_some_and(has)) else { return false };
        let Some(last) = piece_at(rows.end - 1) else { return false };
        words.get(first..=last).is_some_and(|words| words.iter().all(has))
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.sets / self.pieces.max(1)
    }

    /// The sets of a slot, by piece.
    pub fn sets(&self, slot: usize) -> impl Iterator<Item = UnitSet> {
        (slot * self.pieces..(slot + 1) * self.pieces)
            .map(|set| UnitSet::of_bits(self.words.iter().skip(set).step_by(self.sets).copied().collect()))
    }

    /// How many units are in each piece of every slot, or since the first piece where `is_cumulative`, and in any.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn counts(&self, guard: &Guard, is_cumulative: bool) -> Result<Vec<SlotCounts>, Stop> {
        let mut counts = Charged::list(guard, 0, self.sets)?;
        let mut totals = vec![0; self.slots()];
        for words in guard.watch(self.words.chunks(self.sets.max(1))) {
            let slots = words?.chunks(self.pieces).zip(counts.chunks_mut(self.pieces));
            for ((words, counts), total) in slots.zip(&mut totals) {
                let mut all = 0;
                for (word, count) in words.iter().zip(counts) {
                    all |= word;
                    *count += u64::from((if is_cumulative { all } else { *word }).count_ones());
                }
                *total += u64::from(all.count_ones());
            }
        }
        Ok(counts.chunks(self.pieces.max(1)).map(<[u64]>::to_vec).zip(totals).collect())
    }
}

/// Rows of a unit that are taken at once: as many as a block of a column has, less those that share its first byte.
const RUN_ROWS: usize = BLOCK_VALUES - 8;

/// Room for rows of one unit.
struct RunRoom {
    times: Box<[i64; BLOCK_VALUES]>,
    pieces: Box<[u32; BLOCK_VALUES]>,
}

impl Default for RunRoom {
    fn default() -> Self {
        Self { times: Box::new([0; BLOCK_VALUES]), pieces: Box::new([0; BLOCK_VALUES]) }
    }
}

/// How large a grid is.
struct Size {
    sets: usize,
    pieces: usize,
    words: usize,
}

impl Size {
    /// `None` where bits are not the way to count units.
    fn of(query: Query<'_>, look: &Look, slots: usize, pieces: usize) -> Option<Self> {
        let sets = slots.checked_mul(pieces)?;
        let words = (query.unit_count() as usize).div_ceil(WORD_UNITS).checked_mul(sets)?;
        let tables = query.snapshot.segments().iter().flat_map(|segment| look.tables(segment));
        let rows: usize = tables.map(|table| table.rows()).sum();
        let bytes = words.checked_mul(size_of::<u64>())?;
        (pieces > 0 && bytes <= BYTES_MAX.min(rows.saturating_mul(BYTES_A_ROW))).then_some(Self { sets, pieces, words })
    }

    fn grid(&self, guard: &Guard) -> Result<UnitGrid, Stop> {
        let charge = Charge::of(guard, self.words * size_of::<u64>())?;
        Ok(UnitGrid { sets: self.sets, pieces: self.pieces, words: vec![0; self.words], _charge: charge })
    }
}
