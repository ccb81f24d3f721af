//! Measures of a series: one figure per slot and bucket, and one per slot for the whole range.

use super::distinct::{UnitCollector, day_counts, units_by_bucket};
use super::exact_sum::ExactSum;
use super::look::Look;
use super::path_values::PathValues;
use super::query::{NO_UNIT, Query};
use super::row_test::CompileError;
use super::scan::visit_rows;
use super::slots::Slots;
use crate::language::{Buckets, DecimalFraction, Measure};
use crate::model::{Number, Value};
use roaring::RoaringBitmap;
use serde::{Serialize, Serializer};

/// One number of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Nothing to measure, or beyond doubles.
    Null,
    /// How many.
    Count(u64),
    /// A measured number; always finite.
    Number(f64),
}

/// Integral doubles below this are written without a point.
const POINTLESS_BELOW: f64 = 9_007_199_254_740_992.0;

impl Figure {
    /// A number, or null where there is none.
    pub fn of(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Null, Self::Number)
    }

    /// One number divided by another; null when that is 0.
    pub fn ratio(numerator: u64, denominator: u64) -> Self {
        if denominator == 0 { Self::Null } else { Self::of(Some(numerator as f64 / denominator as f64)) }
    }

    /// The figure as a double, for charts.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Count(count) => Some(count as f64),
            Self::Number(number) => Some(number),
        }
    }
}

impl Serialize for Figure {
    /// Counts as integers; other numbers as the shortest decimal, integral ones without a point below 2^53; -0 as 0.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Null => serializer.serialize_none(),
            Self::Count(count) => serializer.serialize_u64(count),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < POINTLESS_BELOW => {
                serializer.serialize_i64(number as i64)
            }
            Self::Number(number) => serializer.serialize_f64(number),
        }
    }
}

/// The figures of one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// By bucket.
    pub values: Vec<Figure>,
    /// Of the whole range.
    pub total: Figure,
}

/// What is folded for one slot and bucket.
trait Fold: Clone + Default {
    fn add(&mut self, unit: u32, number: Option<Number>);
}

#[derive(Clone, Default)]
struct UnitsFold {
    rows: u64,
    units: UnitCollector,
}

impl Fold for UnitsFold {
    fn add(&mut self, unit: u32, _: Option<Number>) {
        self.rows += 1;
        self.units.add(unit);
    }
}

#[derive(Clone, Default)]
struct RowsFold(u64);

impl Fold for RowsFold {
    fn add(&mut self, _: u32, _: Option<Number>) {
        self.0 += 1;
    }
}

impl Fold for ExactSum {
    fn add(&mut self, _: u32, number: Option<Number>) {
        if let Some(number) = number {
            self.add(number);
        }
    }
}

#[derive(Clone, Default)]
struct NumbersFold(Vec<Number>);

impl Fold for NumbersFold {
    fn add(&mut self, _: u32, number: Option<Number>) {
        self.0.extend(number);
    }
}

#[derive(Clone, Default)]
struct RangeFold(Option<(Number, Number)>);

impl Fold for RangeFold {
    fn add(&mut self, _: u32, number: Option<Number>) {
        if let Some(number) = number {
            let (least, greatest) = self.0.unwrap_or((number, number));
            self.0 = Some((least.min(number), greatest.max(number)));
        }
    }
}

/// Folds the rows of a look by slot and bucket.
fn fold<F: Fold>(
    query: Query<'_>,
    look: &Look,
    buckets: &Buckets,
    slots: Option<&Slots>,
    path: Option<&str>,
) -> Result<Vec<Vec<F>>, CompileError> {
    let mut folds = vec![vec![F::default(); buckets.len()]; slots.map_or(1, Slots::len)];
    let mut numbers: Vec<Option<Option<Number>>> = Vec::new();
    visit_rows(
        query,
        look,
        |table| {
            let values = path.map(|path| PathValues::compile(query.snapshot, table, path, Value::as_number));
            let table_slots = slots.map(|slots| slots.open(query, table)).transpose()?;
            Ok((values.transpose()?, table_slots))
        },
        |(values, table_slots), block, mask, buffer| {
            if let Some(values) = values {
                values.decode(block.number, block.times.len(), buffer, Some, &mut numbers);
            }
            let row_slots = table_slots.as_mut().map(|slots| slots.decode(block, buffer));
            for row in mask.rows().filter(|row| block.units[*row] != NO_UNIT) {
                let slot = row_slots.map_or(0, |slots| slots[row] as usize);
                let Some(bucket) = buckets.index_of(block.times[row]) else { continue };
                if let Some(fold) = folds.get_mut(slot).and_then(|folds| folds.get_mut(bucket)) {
                    fold.add(block.units[row], numbers.get(row).copied().flatten().flatten());
                }
            }
        },
    )?;
    Ok(folds)
}

/// Measures a series. Without slots there is one list of figures, for all rows.
///
/// # Errors
/// When the store is damaged, or something is not executed yet.
pub fn measure(
    query: Query<'_>,
    look: &Look,
    buckets: &Buckets,
    slots: Option<&Slots>,
    measure: &Measure,
) -> Result<Vec<Figures>, CompileError> {
    match measure {
        Measure::Unique if slots.is_none() => Ok(vec![unique_figures(units_by_bucket(query, look, buckets)?)]),
        Measure::Unique => {
            let folds = fold::<UnitsFold>(query, look, buckets, slots, None)?;
            let sets = |folds: Vec<UnitsFold>| folds.into_iter().map(|fold| fold.units.finish()).collect();
            Ok(folds.into_iter().map(|folds| unique_figures(sets(folds))).collect())
        }
        Measure::Total => {
            if slots.is_none()
                && let Some(counts) = day_counts(query, look, buckets)?
            {
                return Ok(vec![total_figures(&counts)]);
            }
            let folds = fold::<RowsFold>(query, look, buckets, slots, None)?;
            Ok(folds.iter().map(|folds| total_figures(&folds.iter().map(|fold| fold.0).collect::<Vec<_>>())).collect())
        }
        Measure::PerUnit => {
            let folds = fold::<UnitsFold>(query, look, buckets, slots, None)?;
            Ok(folds.into_iter().map(per_unit_figures).collect())
        }
        Measure::Sum(path) => sums(query, look, buckets, slots, path, |sum| Figure::of(sum.sum())),
        Measure::Avg(path) => sums(query, look, buckets, slots, path, |sum| Figure::of(sum.average())),
        Measure::Min(path) => extremes(query, look, buckets, slots, path, |range| range.0),
        Measure::Max(path) => extremes(query, look, buckets, slots, path, |range| range.1),
        Measure::Percentile { path, rank } => {
            let folds = fold::<NumbersFold>(query, look, buckets, slots, Some(path))?;
            Ok(folds.into_iter().map(|folds| percentile_figures(folds, rank)).collect())
        }
        Measure::Active(_) => Err(CompileError::NotYet("the measure `active`")),
    }
}

fn unique_figures(sets: Vec<RoaringBitmap>) -> Figures {
    let values = sets.iter().map(|set| Figure::Count(set.len())).collect();
    let all = sets.into_iter().fold(RoaringBitmap::new(), |all, set| all | set);
    Figures { values, total: Figure::Count(all.len()) }
}

fn total_figures(counts: &[u64]) -> Figures {
    Figures {
        values: counts.iter().map(|count| Figure::Count(*count)).collect(),
        total: Figure::Count(counts.iter().sum()),
    }
}

fn per_unit_figures(folds: Vec<UnitsFold>) -> Figures {
    let mut all = RoaringBitmap::new();
    let mut rows = 0;
    let mut values = Vec::with_capacity(folds.len());
    for fold in folds {
        let units = fold.units.finish();
        values.push(Figure::ratio(fold.rows, units.len()));
        rows += fold.rows;
        all |= units;
    }
    Figures { values, total: Figure::ratio(rows, all.len()) }
}

fn sums(
    query: Query<'_>,
    look: &Look,
    buckets: &Buckets,
    slots: Option<&Slots>,
    path: &str,
    figure: impl Fn(&ExactSum) -> Figure,
) -> Result<Vec<Figures>, CompileError> {
    let folds = fold::<ExactSum>(query, look, buckets, slots, Some(path))?;
    let of_slot = |sums: Vec<ExactSum>| {
        let mut all = ExactSum::default();
        sums.iter().for_each(|sum| all.merge(sum));
        Figures { values: sums.iter().map(&figure).collect(), total: figure(&all) }
    };
    Ok(folds.into_iter().map(of_slot).collect())
}

fn extremes(
    query: Query<'_>,
    look: &Look,
    buckets: &Buckets,
    slots: Option<&Slots>,
    path: &str,
    end: impl Fn((Number, Number)) -> Number,
) -> Result<Vec<Figures>, CompileError> {
    let folds = fold::<RangeFold>(query, look, buckets, slots, Some(path))?;
    let figure = |range: Option<(Number, Number)>| Figure::of(range.map(|range| end(range).to_f64()));
    let of_slot = |ranges: Vec<RangeFold>| {
        let all = ranges.iter().filter_map(|range| range.0).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        Figures { values: ranges.iter().map(|range| figure(range.0)).collect(), total: figure(all) }
    };
    Ok(folds.into_iter().map(of_slot).collect())
}

fn percentile_figures(folds: Vec<NumbersFold>, rank: &DecimalFraction) -> Figures {
    let at_rank = |numbers: &mut Vec<Number>| {
        numbers.sort_unstable();
        let place = (rank.nearest_rank(numbers.len() as u64) as usize).checked_sub(1);
        Figure::of(place.and_then(|place| numbers.get(place)).map(|number| number.to_f64()))
    };
    let mut all = Vec::new();
    let mut values = Vec::with_capacity(folds.len());
    for mut fold in folds {
        values.push(at_rank(&mut fold.0));
        all.append(&mut fold.0);
    }
    Figures { values, total: at_rank(&mut all) }
}
