//! How many numbers one answer may have.

use super::DocumentError;

/// The most numbers of one answer: its lines times the numbers of each.
pub const CELLS_MAX: usize = 5_000_000;

/// Checks that an answer of this shape stays within [`CELLS_MAX`]. The shape is given as factors, each with what
/// there are so many of; `field` is what makes the answer smaller, and `advice` says how.
///
/// # Errors
/// When the product is greater.
pub fn check_cells(shape: &[(usize, &str)], field: &str, advice: &str) -> Result<(), DocumentError> {
    let cells = shape.iter().try_fold(1usize, |cells, (count, _)| cells.checked_mul(*count));
    if cells.is_some_and(|cells| cells <= CELLS_MAX) {
        return Ok(());
    }
    let factors: Vec<String> = shape.iter().map(|(count, what)| format!("{count} {what}")).collect();
    let sentence = format!(
        "the answer would have {}, more than {CELLS_MAX} numbers together; {advice}",
        factors.join(" with each ")
    );
    Err(DocumentError::rule(field, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_counts_and_may_be_beyond_all_numbers() {
        let check = |lines, buckets| check_cells(&[(lines, "lines"), (buckets, "buckets")], "limit", "give less");
        assert_eq!(check(50, 100_000), Ok(()));
        assert_eq!(check(0, usize::MAX), Ok(()));
        assert_eq!(
            check(51, 100_000).unwrap_err().to_string(),
            "`limit`: the answer would have 51 lines with each 100000 buckets, more than 5000000 numbers together; give less"
        );
        assert!(check(usize::MAX, usize::MAX).is_err());
    }
}
