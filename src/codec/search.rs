//! Binary search by place, for what is sorted and is no slice: columns, names and values that are read as they are met.

use std::convert::Infallible;
use std::ops::Range;

/// The first of these places that is not `below`; their end when all are. Those that are below must come first.
#[inline]
pub fn partition_point(places: Range<usize>, mut below: impl FnMut(usize) -> bool) -> usize {
    match try_partition_point(places, |place| Ok::<bool, Infallible>(below(place))) {
        Ok(place) => place,
        Err(never) => match never {},
    }
}

/// The same where looking may fail.
///
/// # Errors
/// What `below` says.
#[inline]
pub fn try_partition_point<E>(
    places: Range<usize>,
    mut below: impl FnMut(usize) -> Result<bool, E>,
) -> Result<usize, E> {
    let Range { start: mut low, end: mut high } = places;
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_part_as_those_of_slices(
            mut values in prop::collection::vec(0u8..20, 0..50), wanted in 0u8..20, skip in 0usize..10,
        ) {
            values.sort_unstable();
            let skip = skip.min(values.len());
            let expected = skip + values[skip..].partition_point(|value| *value < wanted);
            prop_assert_eq!(partition_point(skip..values.len(), |place| values[place] < wanted), expected);
            let failing = try_partition_point(0..values.len(), |place| if place == 0 { Err(()) } else { Ok(false) });
            prop_assert_eq!(failing.is_err(), !values.is_empty(), "the first is looked at when none is below");
        }
    }
}
