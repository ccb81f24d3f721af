//! Exact decimal fractions from 0 to 1: the rank of a percentile, as it was written.

use super::DocumentError;
use super::node::{Literal, Node};
use super::reader::At;
use crate::model::Number;

/// A decimal from 0 to 1 with every digit as written: `0.9` is nine tenths, not the double nearest to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DecimalFraction {
    /// Its one form: `0`, `1`, or `0.` and digits that do not end in 0.
    text: String,
}

/// The most digits after the point.
const DIGITS_MAX: usize = 1000;

impl DecimalFraction {
    /// Reads a number as JSON writes it; the sentence says why it is refused.
    fn parse(number: &str) -> Result<Self, String> {
        let refused = || format!("{number} is not allowed here; give a number from 0 to 1");
        let (sign, unsigned) = match number.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, number),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let written: String = [whole, fraction].concat();
        let digits = written.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self { text: "0".to_owned() });
        }
        if sign < 0 {
            return Err(refused());
        }
        // An exponent beyond 64 bits is as good as the largest.
        let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
        // How many of the digits stand before the point.
        let point = exponent.saturating_add(whole.len() as i64).saturating_sub((written.len() - digits.len()) as i64);
        let digits = digits.trim_end_matches('0');
        if point == 1 && digits == "1" {
            return Ok(Self { text: "1".to_owned() });
        }
        if point > 0 {
            return Err(refused());
        }
        match usize::try_from(point.unsigned_abs()) {
            Ok(zeros) if zeros.saturating_add(digits.len()) <= DIGITS_MAX => {
                Ok(Self { text: format!("0.{}{digits}", "0".repeat(zeros)) })
            }
            _ => Err(format!("has more than {DIGITS_MAX} digits after the point; round it")),
        }
    }

    /// The shortest decimal that reads as this double. One outside 0 to 1 is kept, and refused when the document
    /// is built.
    pub(super) fn from_f64_or_kept(value: f64) -> Self {
        let text = Number::from_f64(value).map_or_else(|| "null".to_owned(), |number| number.to_string());
        Self::parse(&text).unwrap_or(Self { text })
    }

    /// The digits after the point; none for 0 and 1.
    fn digits(&self) -> &str {
        self.text.strip_prefix("0.").unwrap_or_default()
    }

    /// The rank ⌈p·n⌉, at least 1, counted from 1 among `n` values in ascending order. Exact for every `n`.
    pub fn nearest_rank(&self, n: u64) -> u64 {
        if self.text == "1" {
            return n.max(1);
        }
        // Horner's scheme from the last digit on: the sum keeps whole units, and whether anything was left below.
        let mut sum: u128 = 0;
        let mut remainder = false;
        for digit in self.digits().bytes().rev() {
            sum += u128::from(digit - b'0') * u128::from(n);
            remainder |= !sum.is_multiple_of(10);
            sum /= 10;
        }
        let rank = u64::try_from(sum).unwrap_or(u64::MAX);
        rank.saturating_add(u64::from(remainder)).max(1)
    }

    /// The nearest double.
    pub fn to_f64(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::Number(Literal { text, .. }) => Self::parse(text).map_err(|sentence| at.rule(sentence)),
            _ => Err(at.wrong_type("a number from 0 to 1")),
        }
    }
}

impl std::fmt::Display for DecimalFraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&DecimalFraction> for Node {
    fn from(fraction: &DecimalFraction) -> Self {
        let value = Number::from_f64(fraction.to_f64()).unwrap_or(Number::Integer(0));
        Self::Number(Literal { value, text: fraction.text.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: &str, expected: &str) {
        assert_eq!(DecimalFraction::parse(number).unwrap().to_string(), expected, "{number}");
    }

    #[test]
    fn every_way_to_write_a_number_has_one_form() {
        check("0", "0");
        check("-0.0e5", "0");
        check("1", "1");
        check("1.00", "1");
        check("10e-1", "1");
        check("0.90", "0.9");
        check("9E-1", "0.9");
        check("0.0009e+3", "0.9");
        check("25e-4", "0.0025");
        check("0.12345678901234567890123456789", "0.12345678901234567890123456789");
        check("0e99999999999999999999", "0");
        for number in ["1.0000000000000000000000001", "2", "-0.1", "1e1", "10", "1e99999999999999999999"] {
            let sentence = DecimalFraction::parse(number).unwrap_err();
            assert_eq!(sentence, format!("{number} is not allowed here; give a number from 0 to 1"));
        }
        for number in ["1e-1001", "1e-99999999999999999999"] {
            assert!(DecimalFraction::parse(number).unwrap_err().starts_with("has more than 1000 digits"));
        }
    }

    #[test]
    fn ranks_are_exact() {
        let rank = |number: &str, n| DecimalFraction::parse(number).unwrap().nearest_rank(n);
        assert_eq!(rank("0.9", 10), 9, "as a double 0.9 times 10 would do, 0.1 times 3 times 10 would not");
        assert_eq!(rank("0.07", 100), 7, "in doubles 0.07 × 100 is 7.000000000000001");
        assert_eq!(rank("0.5", 3), 2);
        assert_eq!(rank("0.5", 4), 2);
        assert_eq!(rank("0.50000000000000000001", 2), 2);
        assert_eq!(rank("0.3333333333333333333", 3), 1);
        assert_eq!(rank("0", 5), 1);
        assert_eq!(rank("1", 5), 5);
        assert_eq!(rank("0.9", 0), 1);
        assert_eq!(rank("0.999999999999999999999", u64::MAX), u64::MAX);
    }
}
