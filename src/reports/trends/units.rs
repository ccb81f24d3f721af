//! The units behind one number of a trends report.

use super::super::context::Context;
use super::super::error::ReportError;
use super::events::EventSlots;
use super::properties::PropertySeries;
use super::{Frame, looks};
use crate::executor::{Charged, Units, units_of_slot};
use crate::language::{DocumentError, Source, TrendUnits, Trends};
use roaring::RoaringBitmap;

/// The distinct units of a bucket or of the range, whatever the measure, and what they are.
pub(in super::super) fn units(
    context: &Context<'_>,
    report: &Trends,
    asked: &TrendUnits,
) -> Result<(Units, Charged<RoaringBitmap>), ReportError> {
    if report.formula.is_some() {
        let sentence = "a formula's numbers count no units; leave `formula` out and name one of its series";
        return Err(DocumentError::rule("units", sentence).into());
    }
    let frame = Frame::cover(context, report, context.range)?;
    let bucket = asked.bucket.as_ref().map(|start| frame.buckets.named(start, context.scope, "bucket", context.clock));
    let bucket = bucket.transpose()?;
    // The language has seen to it that there is such a series.
    match &report.series[asked.series].source {
        Source::PropertyOf { of, measure } => {
            let property = PropertySeries::new(context, report, &frame, of, measure)?;
            Ok((property.holders, property.units(context, &frame, bucket, &asked.value)?))
        }
        Source::Events { event, measure } => {
            let (slots, _) = EventSlots::rank(context, report, &frame, &looks(context, report)?)?;
            let look = context.look(event)?;
            let span = slots.series(report, &look, &frame).span(measure, bucket);
            let (slots, slot) = slots.named(&asked.value)?.map_or((None, 0), |(slots, slot)| (Some(slots), slot));
            let units = context
                .stage(|| "units".to_owned(), || units_of_slot(context.query, &look.within(span), slots, slot))?;
            Ok((context.query.units, units))
        }
    }
}
