//! What a measure keeps for a slot and a bucket, how two of them join, and the figure they give.

use super::distinct::UnitCollector;
use super::exact_sum::ExactSum;
use super::figure::Figure;
use super::footprint::{Footprint, list_bytes};
use crate::language::DecimalFraction;
use crate::model::Number;
use roaring::RoaringBitmap;

/// Rows folded into what a measure needs of them. Joining is exact, so the order of rows never shows.
pub(super) trait Fold: Footprint + Default + Send {
    /// Whether it matters which unit a row has, and not only that it has one.
    const LOOKS_AT_UNITS: bool = false;

    /// Takes a row in: its unit, and the measured number if it has one.
    fn add(&mut self, unit: u32, number: Option<Number>);

    /// Takes in what another fold has.
    fn join(&mut self, other: &Self);
}

/// Distinct units.
#[derive(Debug, Default)]
pub(super) struct UnitsFold(UnitCollector);

impl Fold for UnitsFold {
    const LOOKS_AT_UNITS: bool = true;

    fn add(&mut self, unit: u32, _: Option<Number>) {
        self.0.add(unit);
    }

    fn join(&mut self, other: &Self) {
        self.0.join(&other.0);
    }
}

impl Footprint for UnitsFold {
    #[inline]
    fn footprint(&self) -> usize {
        self.0.footprint()
    }
}

impl UnitsFold {
    /// The units.
    pub fn units(self) -> RoaringBitmap {
        self.0.finish()
    }

    /// How many units there are.
    pub fn count(&mut self) -> u64 {
        self.0.count()
    }
}

/// Rows.
#[derive(Debug, Default)]
pub(super) struct RowsFold(pub u64);

impl Fold for RowsFold {
    fn add(&mut self, _: u32, _: Option<Number>) {
        self.0 += 1;
    }

    fn join(&mut self, other: &Self) {
        self.0 += other.0;
    }
}

impl Footprint for RowsFold {
    #[inline]
    fn footprint(&self) -> usize {
        0
    }
}

/// Rows and distinct units.
#[derive(Debug, Default)]
pub(super) struct PerUnitFold {
    rows: RowsFold,
    units: UnitsFold,
}

impl Fold for PerUnitFold {
    const LOOKS_AT_UNITS: bool = true;

    fn add(&mut self, unit: u32, number: Option<Number>) {
        self.rows.add(unit, number);
        self.units.add(unit, number);
    }

    fn join(&mut self, other: &Self) {
        self.rows.join(&other.rows);
        self.units.join(&other.units);
    }
}

impl Footprint for PerUnitFold {
    #[inline]
    fn footprint(&self) -> usize {
        self.units.footprint()
    }
}

impl PerUnitFold {
    /// Rows per unit.
    pub fn ratio(&mut self) -> Figure {
        Figure::ratio(self.rows.0, self.units.count())
    }
}

impl Fold for ExactSum {
    fn add(&mut self, _: u32, number: Option<Number>) {
        if let Some(number) = number {
            self.add(number);
        }
    }

    fn join(&mut self, other: &Self) {
        self.merge(other);
    }
}

/// The least and the greatest number.
#[derive(Debug, Default)]
pub(super) struct ExtremesFold(Option<(Number, Number)>);

impl Fold for ExtremesFold {
    fn add(&mut self, _: u32, number: Option<Number>) {
        if let Some(number) = number {
            self.join(&Self(Some((number, number))));
        }
    }

    fn join(&mut self, other: &Self) {
        let Some(other) = other.0 else { return };
        self.0 = Some(self.0.map_or(other, |own| (own.0.min(other.0), own.1.max(other.1))));
    }
}

impl Footprint for ExtremesFold {
    #[inline]
    fn footprint(&self) -> usize {
        0
    }
}

impl ExtremesFold {
    /// The least number.
    pub fn least(&self) -> Figure {
        Figure::of(self.0.map(|(least, _)| least.to_f64()))
    }

    /// The greatest number.
    pub fn greatest(&self) -> Figure {
        Figure::of(self.0.map(|(_, greatest)| greatest.to_f64()))
    }
}

/// All numbers.
#[derive(Debug, Default)]
pub(super) struct NumbersFold(Vec<Number>);

impl Fold for NumbersFold {
    fn add(&mut self, _: u32, number: Option<Number>) {
        self.0.extend(number);
    }

    fn join(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }
}

impl Footprint for NumbersFold {
    #[inline]
    fn footprint(&self) -> usize {
        list_bytes(&self.0)
    }
}

impl NumbersFold {
    /// The numbers, in no order.
    pub fn numbers(self) -> Vec<Number> {
        self.0
    }

    /// The number at the nearest rank.
    pub fn percentile(&mut self, rank: &DecimalFraction) -> Figure {
        let place = (rank.nearest_rank(self.0.len() as u64) as usize).checked_sub(1);
        let place = place.filter(|place| *place < self.0.len());
        Figure::of(place.map(|place| self.0.select_nth_unstable(place).1.to_f64()))
    }
}
