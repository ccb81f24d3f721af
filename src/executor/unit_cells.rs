//! Distinct users by slot and piece, counted one user after the other: the rows of a user lie together in each table, so
//! that everything a user reaches is known before the next one comes, and nothing is kept of those before.

use super::cells::NO_CELL;
use super::charge::{Charge, Charged};
use super::coverage::Coverage;
use super::division::{Division, NO_PIECE};
use super::error::ExecutionError;
use super::footprint::{Footprint, list_bytes};
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units};
use super::row_test::RowTest;
use super::scan::{TableScan, tables_of};
use super::slots::{Slots, TableSlots};
use super::split::{fold_pieces, parts_of, threads_for};
use crate::codec::packed::BLOCK_VALUES;
use crate::segment::Table;
use roaring::RoaringBitmap;
use std::ops::Range;

/// How many units are in each piece of a slot, and in any.
pub(super) type SlotCounts = (Vec<u64>, u64);

/// How many users are in each piece of every slot, or since the first piece where `is_cumulative`, and in any; `None`
/// where keys are counted, whose rows do not lie together.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub(super) fn distinct_users(
    query: Query<'_>,
    look: &Look,
    division: &impl Division,
    slots: Option<&Slots>,
    is_cumulative: bool,
) -> Result<Option<Vec<SlotCounts>>, ExecutionError> {
    if query.units != Units::Users {
        return Ok(None);
    }
    let aliases = query.snapshot.joined_ids().iter();
    let several: RoaringBitmap = aliases.map(|alias| query.shown_user(alias)).collect();
    let _several_charge = Charge::of(query.guard, several.footprint())?;
    let segments = query.snapshot.segments().iter();
    let tables: Vec<Table<'_>> = segments.flat_map(|segment| tables_of(query, look, segment)).collect();
    query.trace.count(|counts| counts.tables_read += tables.len() as u64);
    let places = Places::new(slots.map_or(1, Slots::len), division.len());
    let start = || {
        let tally = Tally::new(query.guard, places, is_cumulative)?;
        Ok((tally, Charged::new(query.guard, Reached::new())?))
    };
    let take = |((tally, later), coverage): &mut ((Tally, Charged<Reached>), Coverage), users: &Range<u32>| {
        let open = |table: &Table<'_>| {
            let rows = table.users()?.rows_of_users(users.clone());
            Ok(Walk {
                look,
                rows,
                test: RowTest::compile(query, *table, look.filter.as_deref())?,
                slots: slots.map(|slots| slots.open(query, *table)).transpose()?,
                scan: TableScan::new(query, *table)?,
                cells: Box::new([NO_CELL; BLOCK_VALUES]),
                reached: (Vec::new(), Vec::new()),
                at: 0,
            })
        };
        let mut walks = tables.iter().map(open).collect::<Result<Vec<_>, ExecutionError>>()?;
        let by = (division, places, &several);
        if let [walk] = &mut walks[..] {
            // With no other table to wait for, rows are taken as they come.
            let mut take = |units: &[u32], cells: &[u32]| tally.reach_all(units, cells);
            while walk.read_block(query, by, later, coverage, &mut take)? {}
            return Ok(());
        }
        loop {
            let mut next = NO_UNIT;
            for walk in &mut walks {
                next = next.min(walk.fill(query, by, later, coverage)?);
            }
            if next == NO_UNIT {
                return Ok(());
            }
            walks.iter_mut().for_each(|walk| walk.take(next, tally));
        }
    };
    let join = |(tally, later): &mut (Tally, Charged<Reached>), (mut other, others): (Tally, Charged<Reached>)| {
        tally.join(&mut other);
        later.extend(others.iter());
        later.settle()
    };
    let rows: usize = tables.iter().map(Table::rows).sum();
    let threads = threads_for(query.guard, rows.saturating_mul(CELL_WORK));
    let parts = parts_of_users(&tables, threads)?;
    let ((mut tally, mut later), coverage) = fold_pieces(&parts, threads, start, take, join)?;
    query.trace.remember(query.units, look, coverage);
    // Of users with several ids the rows lie in several places.
    query.guard.sort_by(&mut later, &Ord::cmp)?;
    for (unit, cell) in later.iter() {
        tally.reach_all(&[*unit], &[*cell]);
    }
    Ok(Some(tally.finish()))
}

/// Users and the cells that they reach.
type Reached = Vec<(u32, u32)>;

/// A row costs so much more to take in than to count.
const CELL_WORK: usize = 4;

/// How cells are numbered: the pieces of a slot take places up to a power of two, so that nothing is divided by their
/// number.
#[derive(Clone, Copy)]
struct Places {
    slots: u32,
    pieces: usize,
    piece_bits: u32,
}

impl Places {
    fn new(slots: usize, pieces: usize) -> Self {
        Self { slots: slots as u32, pieces, piece_bits: pieces.max(1).next_power_of_two().trailing_zeros() }
    }

    /// How many cells there are.
    fn len(self) -> usize {
        (self.slots as usize) << self.piece_bits
    }

    #[inline]
    fn cell(self, slot: u32, piece: u32) -> u32 {
        slot << self.piece_bits | piece
    }

    /// The same; [`NO_CELL`] outside of all pieces, and beyond the slots.
    #[inline]
    fn cell_or_none(self, slot: u32, piece: u32) -> u32 {
        if piece == NO_PIECE || slot >= self.slots { NO_CELL } else { self.cell(slot, piece) }
    }

    #[inline]
    fn slot(self, cell: u32) -> usize {
        (cell >> self.piece_bits) as usize
    }

    #[inline]
    fn piece(self, cell: u32) -> u32 {
        cell & ((1 << self.piece_bits) - 1)
    }

    /// The cells of a slot.
    fn of_slot(self, slot: usize) -> Range<usize> {
        let first = slot << self.piece_bits;
        first..first + self.pieces
    }
}

/// All users in parts for so many threads, of about as many users of the largest table.
fn parts_of_users(tables: &[Table<'_>], threads: usize) -> Result<Vec<Range<u32>>, ExecutionError> {
    let Some(largest) = tables.iter().max_by_key(|table| table.rows()) else { return Ok(Vec::new()) };
    let users = largest.users()?;
    let inner = parts_of(users.len(), threads).skip(1).map(|part| users.user(part.start).raw());
    let bounds: Vec<u32> = [0].into_iter().chain(inner).chain([NO_UNIT]).collect();
    Ok(bounds.windows(2).map(|pair| pair[0]..pair[1]).collect())
}

/// The rows of one table, on their way.
struct Walk<'a> {
    look: &'a Look,
    scan: TableScan<'a>,
    test: RowTest<'a>,
    slots: Option<TableSlots<'a>>,
    /// Not yet read.
    rows: Range<usize>,
    /// Room for the cell of each row of a block, [`NO_CELL`] where it has none.
    cells: Box<[u32; BLOCK_VALUES]>,
    /// Where there are several tables: the users and the cells of those rows of the last block that have one, and how
    /// many of them are done. Users ascend.
    reached: (Vec<u32>, Vec<u32>),
    at: usize,
}

impl Walk<'_> {
    /// The user of the next row, [`NO_UNIT`] at the end. Reads the next block when the last is done.
    fn fill(
        &mut self,
        query: Query<'_>,
        by: (&impl Division, Places, &RoaringBitmap),
        later: &mut Charged<Reached>,
        coverage: &mut Coverage,
    ) -> Result<u32, ExecutionError> {
        while self.at == self.reached.0.len() {
            let (mut units, mut cells) = std::mem::take(&mut self.reached);
            units.clear();
            cells.clear();
            let is_read = self.read_block(query, by, later, coverage, |of_rows, cells_of_rows| {
                for (unit, cell) in of_rows.iter().zip(cells_of_rows).filter(|(_, cell)| **cell != NO_CELL) {
                    units.push(*unit);
                    cells.push(*cell);
                }
            })?;
            (self.reached, self.at) = ((units, cells), 0);
            if !is_read {
                return Ok(NO_UNIT);
            }
        }
        Ok(self.reached.0[self.at])
    }

    /// Reads the next block: calls `take` with the users of its rows and the cells that they reach, [`NO_CELL`] where
    /// they reach none; what users with several ids reach is kept for later. Answers whether there was one.
    fn read_block(
        &mut self,
        query: Query<'_>,
        (division, places, several): (&impl Division, Places, &RoaringBitmap),
        later: &mut Charged<Reached>,
        coverage: &mut Coverage,
        mut take: impl FnMut(&[u32], &[u32]),
    ) -> Result<bool, ExecutionError> {
        if self.rows.is_empty() {
            return Ok(false);
        }
        let end = (self.rows.start / BLOCK_VALUES + 1) * BLOCK_VALUES;
        let block_rows = self.rows.start..end.min(self.rows.end);
        self.rows.start = block_rows.end;
        let Self { look, scan, test, slots, cells, .. } = self;
        scan.visit(test, &test.candidates, look.range, block_rows, |block, mask, buffer| {
            coverage.count(query, block, mask);
            let cells = &mut cells[..block.times.len()];
            division.indexes_of(block.times, cells);
            if let Some(slots) = slots {
                let row_slots = slots.decode(block, buffer)?;
                cells.iter_mut().zip(row_slots).for_each(|(cell, slot)| *cell = places.cell_or_none(*slot, *cell));
            }
            mask.complement(&Mask::first(cells.len())).rows().for_each(|row| cells[row] = NO_CELL);
            if !several.is_empty() {
                let (mut last, mut has_several) = (NO_UNIT, false);
                for (unit, cell) in block.units.iter().zip(cells.iter_mut()).filter(|(_, cell)| **cell != NO_CELL) {
                    if *unit != last {
                        (last, has_several) = (*unit, several.contains(*unit));
                    }
                    if has_several {
                        later.push((*unit, std::mem::replace(cell, NO_CELL)));
                    }
                }
            }
            take(block.units, cells);
            later.settle()
        })?;
        Ok(true)
    }

    /// Takes what rows of this user reach that were read.
    #[inline]
    fn take(&mut self, unit: u32, tally: &mut Tally) {
        let (units, cells) = &self.reached;
        let end = self.at + units[self.at..].iter().take_while(|of| **of == unit).count();
        tally.reach_all(&units[self.at..end], &cells[self.at..end]);
        self.at = end;
    }
}

/// How many users reached each cell, one for each piece of every slot.
struct Tally {
    places: Places,
    is_cumulative: bool,
    /// By cell: the last user that reached it, and how many did; where figures are cumulative, how many reached it first.
    cells: Vec<(u32, u32)>,
    /// By slot: the last user that reached it, and how many did.
    slots: Vec<(u32, u32)>,
    /// By slot: the first piece that the last user reached, and the slots of that user. Where figures are cumulative only.
    firsts: Vec<u32>,
    reached: Vec<u32>,
    /// The user at hand.
    unit: u32,
    _charge: Charge,
}

impl Tally {
    fn new(guard: &Guard, places: Places, is_cumulative: bool) -> Result<Self, Stop> {
        let slots = places.slots as usize;
        let (cells, firsts) = (vec![(NO_UNIT, 0); places.len()], vec![0; if is_cumulative { slots } else { 0 }]);
        let (reached, slots) = (Vec::with_capacity(firsts.len()), vec![(NO_UNIT, 0); slots]);
        let bytes = list_bytes(&cells) + list_bytes(&slots) + list_bytes(&firsts) + list_bytes(&reached);
        let charge = Charge::of(guard, bytes)?;
        Ok(Self { places, is_cumulative, cells, slots, firsts, reached, unit: NO_UNIT, _charge: charge })
    }

    /// What comes now is of this user: all that it reaches, before anything of another one.
    #[inline]
    fn begin_unit(&mut self, unit: u32) {
        if unit != self.unit {
            self.unit = unit;
            self.end_unit();
        }
    }

    /// Users are in these cells, or in none: all that one reaches, before anything of another one.
    fn reach_all(&mut self, units: &[u32], cells: &[u32]) {
        let reached = units.iter().zip(cells).filter(|(_, cell)| **cell != NO_CELL);
        if self.is_cumulative {
            for (unit, cell) in reached {
                self.begin_unit(*unit);
                self.reach_since(*unit, *cell);
            }
            return;
        }
        // Bound by the loads and stores of these two: what is new cannot be foretold, so nothing jumps.
        let Self { places, cells, slots, .. } = self;
        for (unit, cell) in reached {
            mark(&mut slots[places.slot(*cell)], *unit);
            mark(&mut cells[*cell as usize], *unit);
        }
    }

    /// A user is in a cell, and in those of later pieces.
    fn reach_since(&mut self, unit: u32, cell: u32) {
        let (slot, piece) = (self.places.slot(cell), self.places.piece(cell));
        let first = &mut self.firsts[slot];
        if mark(&mut self.slots[slot], unit) {
            self.reached.push(slot as u32);
            *first = piece;
        }
        *first = piece.min(*first);
    }

    /// Everything that a user reaches has come.
    #[inline]
    fn end_unit(&mut self) {
        for slot in self.reached.drain(..) {
            self.cells[self.places.cell(slot, self.firsts[slot as usize]) as usize].1 += 1;
        }
    }

    /// Adds other users.
    fn join(&mut self, other: &mut Self) {
        self.end_unit();
        other.end_unit();
        let add = |all: &mut [(u32, u32)], others: &[(u32, u32)]| {
            all.iter_mut().zip(others).for_each(|((_, count), (_, others))| *count += others);
        };
        add(&mut self.cells, &other.cells);
        add(&mut self.slots, &other.slots);
    }

    /// The counts of each slot's pieces, and of the slot.
    fn finish(mut self) -> Vec<SlotCounts> {
        self.end_unit();
        let of_slot = |(slot, (_, total)): (usize, &(u32, u32))| {
            let cells = &self.cells[self.places.of_slot(slot)];
            let mut so_far = 0;
            let of_piece = |(_, count): &(u32, u32)| {
                so_far = if self.is_cumulative { so_far + u64::from(*count) } else { u64::from(*count) };
                so_far
            };
            (cells.iter().map(of_piece).collect(), u64::from(*total))
        };
        self.slots.iter().enumerate().map(of_slot).collect()
    }
}

/// Counts a user unless it was the last one. Answers whether it was not.
#[inline]
fn mark((last, count): &mut (u32, u32), unit: u32) -> bool {
    let is_new = *last != unit;
    *count += u32::from(is_new);
    *last = unit;
    is_new
}
