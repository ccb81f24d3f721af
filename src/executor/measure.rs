//! Measures of a series: one figure per slot and bucket, and one per slot for the whole range.

use super::cells::FoldCells;
use super::charge::{Charge, Charged};
use super::day_index::answering_days;
use super::distinct::{day_counts, distinct_by_day, units_by_bucket, units_in};
use super::division::Edges;
use super::error::ExecutionError;
use super::figure::Figure;
use super::folds::{ExtremesFold, Fold, NumbersFold, PerUnitFold, RowsFold, UnitsFold};
use super::footprint::Footprint;
use super::growing_percentile::GrowingPercentile;
use super::guard::Guard;
use super::limits::Stop;
use super::look::Look;
use super::mask::Mask;
use super::query::{NO_UNIT, Query, Units};
use super::scan::Block;
use super::series::{Figures, Series, figures, figures_of_slots, fold};
use super::sliding_union::SlidingUnion;
use super::slots::{Slots, TableSlots};
use super::split::{RowFold, RowsToRead};
use super::sums::{FigureOfSum, Sums};
use super::unit_cells::{SlotCounts, distinct_users};
use super::unit_grid::UnitGrid;
use super::unit_set::{UnitSet, nobody};
use super::value_days::count_by_value;
use crate::language::{DecimalFraction, Measure, ResolvedRange, Span};
use crate::model::Value;
use crate::segment::{BlockBuffer, Table};
use roaring::RoaringBitmap;

/// Folds the rows of a series, and reads a figure off each fold.
fn folded<F: Fold>(
    query: Query<'_>,
    series: &Series<'_>,
    path: Option<&str>,
    figure: impl Fn(&mut F) -> Figure,
) -> Result<Vec<Figures>, ExecutionError> {
    let cells = fold::<F>(query, series.look, series.buckets, series.slots, path)?;
    Ok(figures_of_slots(query.guard, series.slot_count(), cells, series.is_cumulative, figure)?)
}

/// Sums a number of the rows of a series.
fn summed(
    query: Query<'_>,
    series: &Series<'_>,
    path: &str,
    figure: FigureOfSum,
) -> Result<Vec<Figures>, ExecutionError> {
    if let Some(sums) = Sums::read(query, series, path, figure)? {
        return Ok(sums.figures(query.guard, series.is_cumulative)?);
    }
    folded(query, series, Some(path), |sum| figure.of(sum))
}

/// How many rows with a unit each slot has in each bucket, and in all.
fn row_counts(query: Query<'_>, series: &Series<'_>) -> Result<Vec<Figures>, ExecutionError> {
    let (slots, pieces) = (series.slot_count(), series.buckets.len());
    let fold = RowFold {
        looks_at_units: query.units != Units::Users,
        row_work: 1,
        start: || Charged::list(query.guard, 0u64, slots * pieces),
        open: |table: Table<'_>| series.slots.map(|slots| slots.open(query, table)).transpose(),
        visit: |counts: &mut Charged<Vec<u64>>,
                table_slots: &mut Option<TableSlots<'_>>,
                block: &Block<'_>,
                mask: &Mask,
                buffer: &mut BlockBuffer| {
            let row_slots = table_slots.as_mut().map(|slots| slots.decode(block, buffer)).transpose()?;
            // Bound by finding the bucket of a time.
            mask.rows().filter(|row| block.units[*row] != NO_UNIT).for_each(|row| {
                let slot = row_slots.map_or(0, |slots| slots[row] as usize);
                if let Some(piece) = series.buckets.index_of(block.times[row])
                    && let Some(count) = counts.get_mut(slot * pieces + piece)
                {
                    *count += 1;
                }
            });
            Ok(())
        },
        join: |counts: &mut Charged<Vec<u64>>, others: Charged<Vec<u64>>| {
            counts.iter_mut().zip(others.iter()).for_each(|(count, other)| *count += other);
            Ok(())
        },
    };
    let mut counts = Charged::list(query.guard, 0u64, slots * pieces)?;
    let add = |slot: u32, piece: usize, rows: u64| {
        counts.get_mut(slot as usize * pieces + piece).into_iter().for_each(|count| *count += rows);
    };
    let (look, buckets) = (series.look, series.buckets);
    let rows_to_read = match (series.slots, look.filter.as_deref()) {
        (None, Some(filter)) if let Some(filter) = filter.of_event() => {
            let class = |value: Option<&Value>| filter.test.passes(value).then_some(0);
            count_by_value(query, look, buckets, &filter.property.path, class, add)?
        }
        (Some(slots), None) if let Some(path) = slots.event_path() => {
            let class = |value: Option<&Value>| Some(slots.slot_of_value(value));
            count_by_value(query, look, buckets, path, class, add)?
        }
        _ => RowsToRead::all(query, look),
    };
    let others = fold.run(query, look, rows_to_read)?;
    counts.iter_mut().zip(others.iter()).for_each(|(count, other)| *count += other);
    let of_slot = |slot: usize| {
        let mut all = 0;
        let figure = |count: &u64| {
            all += count;
            Figure::Count(if series.is_cumulative { all } else { *count })
        };
        let values = counts[slot * pieces..(slot + 1) * pieces].iter().map(figure).collect();
        Figures { values, total: Figure::Count(all) }
    };
    Ok((0..slots).map(of_slot).collect())
}

fn distinct(fold: &mut UnitsFold) -> Figure {
    Figure::Count(fold.count())
}

/// Distinct units where the slot of each is known: the units of a bucket are looked up, and no row.
fn units_by_slot(query: Query<'_>, series: &Series<'_>, slot_of: &[u32]) -> Result<Vec<Figures>, ExecutionError> {
    let sets = units_by_bucket(query, series.look, series.buckets)?;
    let (slots, pieces) = (series.slot_count(), series.buckets.len());
    let mut counts = Charged::list(query.guard, 0u64, slots * pieces)?;
    let mut totals = vec![0; slots];
    let mut all = Charged::new(query.guard, nobody(&sets))?;
    for (piece, set) in sets.iter().enumerate() {
        let came = set.without(&all);
        for unit in query.guard.watch(came.iter()) {
            totals.get_mut(slot_of[unit? as usize] as usize).into_iter().for_each(|total| *total += 1);
        }
        all.add(&came);
        all.settle()?;
        if series.is_cumulative {
            (0..slots).for_each(|slot| counts[slot * pieces + piece] = totals[slot]);
            continue;
        }
        for unit in query.guard.watch(set.iter()) {
            let slot = slot_of[unit? as usize] as usize;
            counts.get_mut(slot * pieces + piece).into_iter().for_each(|count| *count += 1);
        }
    }
    let values = |slot: usize| counts[slot * pieces..(slot + 1) * pieces].iter().map(|count| Figure::Count(*count));
    let figures = |slot: usize| Figures { values: values(slot).collect(), total: Figure::Count(totals[slot]) };
    Ok((0..slots).map(figures).collect())
}

/// Measures a series. Without slots there is one list of figures, for all rows.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn measure(query: Query<'_>, series: &Series<'_>, measure: &Measure) -> Result<Vec<Figures>, ExecutionError> {
    match measure {
        Measure::Unique if series.slots.is_none() && answering_days(query, series.look, series.buckets).is_some() => {
            if !series.is_cumulative
                && let Some((values, total)) = distinct_by_day(query, series.look, series.buckets)?
            {
                let values = values.into_iter().map(Figure::Count).collect();
                return Ok(vec![Figures { values, total: Figure::Count(total) }]);
            }
            let sets = units_by_bucket(query, series.look, series.buckets)?;
            let mut all = Charged::new(query.guard, nobody(&sets))?;
            let mut values = Vec::with_capacity(sets.len());
            for set in sets.iter() {
                query.guard.check()?;
                all.add(set);
                all.settle()?;
                values.push(Figure::Count(if series.is_cumulative { all.len() } else { set.len() }));
            }
            Ok(vec![Figures { values, total: Figure::Count(all.len()) }])
        }
        Measure::Unique if let Some(of_unit) = series.slots.map_or(Ok(None), |slots| slots.of_units(query))? => {
            units_by_slot(query, series, &of_unit)
        }
        Measure::Unique => {
            let (look, buckets, slots) = (series.look, series.buckets, series.slots);
            let counts = match distinct_users(query, look, buckets, slots, series.is_cumulative)? {
                Some(counts) => counts,
                None => match UnitGrid::fold(query, look, buckets, slots)? {
                    Some(grid) => grid.counts(query.guard, series.is_cumulative)?,
                    None => return folded(query, series, None, distinct),
                },
            };
            let of_slot = |(values, total): SlotCounts| Figures {
                values: values.into_iter().map(Figure::Count).collect(),
                total: Figure::Count(total),
            };
            Ok(counts.into_iter().map(of_slot).collect())
        }
        Measure::Total => {
            let count = |rows: &mut RowsFold| Figure::Count(rows.0);
            if series.slots.is_none()
                && let Some(counts) = day_counts(query, series.look, series.buckets)?
            {
                let folds = counts.into_iter().map(|rows| Some(RowsFold(rows)));
                return Ok(vec![figures(query.guard, folds, series.is_cumulative, count)?]);
            }
            row_counts(query, series)
        }
        Measure::PerUnit => folded(query, series, None, PerUnitFold::ratio),
        Measure::Sum(path) => summed(query, series, path, FigureOfSum::Sum),
        Measure::Avg(path) => summed(query, series, path, FigureOfSum::Average),
        Measure::Min(path) => folded(query, series, Some(path), |range: &mut ExtremesFold| range.least()),
        Measure::Max(path) => folded(query, series, Some(path), |range: &mut ExtremesFold| range.greatest()),
        Measure::Percentile { path, rank } if series.is_cumulative => {
            let mut cells = fold::<NumbersFold>(query, series.look, series.buckets, series.slots, Some(path))?;
            let of_slot = |slot| Ok(growing_percentiles(query.guard, cells.take_slot(slot), rank)?);
            (0..series.slot_count()).map(of_slot).collect()
        }
        Measure::Percentile { path, rank } => {
            folded(query, series, Some(path), |numbers: &mut NumbersFold| numbers.percentile(rank))
        }
        Measure::Active(span) => active(query, series, *span),
    }
}

/// The percentile of the numbers up to the end of each bucket.
fn growing_percentiles(
    guard: &Guard,
    folds: impl Iterator<Item = Option<NumbersFold>>,
    rank: &DecimalFraction,
) -> Result<Figures, Stop> {
    let mut percentile = Charged::new(guard, GrowingPercentile::new(rank))?;
    let mut values = Vec::with_capacity(folds.size_hint().0);
    for fold in folds {
        for number in guard.watch(fold.into_iter().flat_map(NumbersFold::numbers)) {
            percentile.add(number?);
        }
        percentile.settle()?;
        values.push(Figure::of(percentile.value()));
    }
    let total = values.last().copied().unwrap_or(Figure::Null);
    Ok(Figures { values, total })
}

/// Distinct units of windows that end with the buckets: the range is divided wherever a window begins or ends, and
/// each window is the union of its pieces.
fn active(query: Query<'_>, series: &Series<'_>, span: Span) -> Result<Vec<Figures>, ExecutionError> {
    let range = series.look.range;
    if range.is_empty() {
        let none = Figures { values: vec![Figure::Count(0); series.buckets.len()], total: Figure::Count(0) };
        return Ok(vec![none; series.slot_count()]);
    }
    let windows: Vec<ResolvedRange> = (0..series.buckets.len())
        .map(|bucket| series.active_window(span, series.buckets.inside(bucket, range).to_micros))
        .collect();
    let edges = Edges::new(windows.iter().flat_map(|window| [window.from_micros, window.to_micros]).collect());
    let from_micros = windows.iter().map(|window| window.from_micros).min().unwrap_or(range.from_micros);
    let look = series.look.within(ResolvedRange { from_micros, ..range });
    let of_slot = |pieces: Vec<RoaringBitmap>| {
        let mut union_charge = Charge::none(query.guard);
        let mut pieces = SlidingUnion::new(pieces);
        let in_window = |window: &ResolvedRange| {
            query.guard.check()?;
            let count = pieces.count(edges.between(*window));
            union_charge.set(pieces.footprint())?;
            Ok(Figure::Count(count))
        };
        let values = windows.iter().map(in_window).collect::<Result<Vec<Figure>, Stop>>()?;
        // The last bucket ends at the end of the range, or is cut there.
        let total = values.last().copied().unwrap_or(Figure::Count(0));
        Ok(Figures { values, total })
    };
    match series.slots {
        None => {
            let (pieces, _charge) = units_by_bucket(query, &look, &edges)?.into_parts();
            Ok(vec![of_slot(pieces.into_iter().map(UnitSet::into_bitmap).collect())?])
        }
        Some(_) => {
            let units = |fold: Option<UnitsFold>| fold.map(UnitsFold::units).unwrap_or_default();
            let mut cells = fold::<UnitsFold>(query, &look, &edges, series.slots, None)?;
            (0..series.slot_count()).map(|slot| of_slot(cells.take_slot(slot).map(units).collect())).collect()
        }
    }
}

/// The distinct units of one slot in a range; all rows are one slot where there is no breakdown.
///
/// # Errors
/// When the store is damaged, or the execution stopped.
pub fn units_of_slot(
    query: Query<'_>,
    look: &Look,
    slots: Option<&Slots>,
    slot: usize,
) -> Result<Charged<RoaringBitmap>, ExecutionError> {
    let Some(slots) = slots else { return units_in(query, look) };
    if look.range.is_empty() {
        return Ok(Charged::new(query.guard, RoaringBitmap::new())?);
    }
    let mut cells = fold::<UnitsFold>(query, look, &Edges::whole(look.range), Some(slots), None)?;
    let fold = cells.take_slot(slot).next().flatten();
    Ok(Charged::new(query.guard, fold.unwrap_or_default().units())?)
}
