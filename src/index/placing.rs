//! Rows put together by a number that each has: a user, or a key.

/// Where numbers go so many times higher than there are rows, a place for each would cost more than sorting.
const SPREAD_MAX: usize = 8;

/// The rows, numbered from 0 on, by their numbers; those of one number stay in order. And where among them those of each
/// number end, from the number 0 on. `None` where that takes more than sorting.
///
/// A few nanoseconds a row, where sorting takes a hundred: what is waited for is the place of the row's number.
pub fn by_number(numbers: impl ExactSizeIterator<Item = u32> + Clone) -> Option<(Vec<u32>, Vec<u32>)> {
    let rows = numbers.len();
    let count = numbers.clone().max().map_or(0, |greatest| greatest as usize + 1);
    if count / SPREAD_MAX > rows {
        return None;
    }
    let mut ends = vec![0u32; count + 1];
    numbers.clone().for_each(|number| ends[number as usize + 1] += 1);
    (1..ends.len()).for_each(|number| ends[number] += ends[number - 1]);
    let mut order = vec![0; rows];
    for (row, number) in (0..).zip(numbers) {
        let next = &mut ends[number as usize];
        order[*next as usize] = row;
        *next += 1;
    }
    // Where the rows of a number began, those of the next begin now.
    ends.truncate(count);
    Some((order, ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_put_to_their_numbers(numbers in prop::collection::vec(0u32..40, 0..60)) {
            let Some((order, ends)) = by_number(numbers.iter().copied()) else {
                prop_assert!(numbers.iter().max().is_some_and(|most| *most as usize / SPREAD_MAX >= numbers.len()));
                return Ok(());
            };
            let mut expected: Vec<u32> = (0..numbers.len() as u32).collect();
            expected.sort_by_key(|row| numbers[*row as usize]);
            prop_assert_eq!(&order, &expected);
            for (number, end) in (0..).zip(ends) {
                let upto = numbers.iter().filter(|other| **other <= number).count();
                prop_assert_eq!(end as usize, upto);
            }
        }
    }
}
