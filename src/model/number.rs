//! JSON numbers with one value each: exact within 64 bits, doubles beyond.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A number in its only form: an integral value that fits 64 bits is an integer, however it was written
/// (`1`, `1.0`, `1e0`); everything else is a double. So equality is plain equality of the form.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// Integral, within `i64`.
    Integer(i64),
    /// Integral, above `i64::MAX` and within `u64`.
    Large(u64),
    /// Fractional, or integral beyond 64 bits. Always finite.
    Double(f64),
}

/// 2^63 and 2^64, both exact as doubles.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

impl Number {
    /// The number nearest to no other than `value` itself; `None` when it is not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        if (-TWO_63..TWO_63).contains(&value) {
            let integer = value as i64;
            return Some(if integer as f64 == value { Self::Integer(integer) } else { Self::Double(value) });
        }
        // Doubles of that size are integral.
        if (TWO_63..TWO_64).contains(&value) {
            return Some(Self::Large(value as u64));
        }
        value.is_finite().then_some(Self::Double(value))
    }

    /// The number equal to `value`.
    pub fn from_u64(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Large(value), Self::Integer)
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Integer(i) => i as f64,
            Self::Large(u) => u as f64,
            Self::Double(d) => d,
        }
    }

    /// The integer, when it is one.
    pub fn to_i128(self) -> Option<i128> {
        match self {
            Self::Integer(i) => Some(i128::from(i)),
            Self::Large(u) => Some(i128::from(u)),
            Self::Double(_) => None,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Number {}
impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.to_i128(), other.to_i128()) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => self.to_f64().total_cmp(&other.to_f64()),
            (Some(a), None) => compare_integer_with_double(a, other.to_f64()),
            (None, Some(b)) => compare_integer_with_double(b, self.to_f64()).reverse(),
        }
    }
}

/// Exact: a double that is no 64-bit integer is either beyond all of them or strictly between two.
fn compare_integer_with_double(integer: i128, double: f64) -> Ordering {
    if double >= TWO_64 {
        return Ordering::Less;
    }
    if double < -TWO_63 {
        return Ordering::Greater;
    }
    let floor = double.floor() as i128;
    if integer <= floor { Ordering::Less } else { Ordering::Greater }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Integer(i) => i.hash(state),
            Self::Large(u) => u.hash(state),
            Self::Double(d) => d.to_bits().hash(state),
        }
    }
}

impl std::fmt::Display for Number {
    /// The shortest decimal that reads back as the same number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(i) => write!(f, "{i}"),
            Self::Large(u) => write!(f, "{u}"),
            Self::Double(d) => match serde_json::Number::from_f64(*d) {
                Some(number) => write!(f, "{number}"),
                None => f.write_str("null"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integral_doubles_become_integers() {
        assert_eq!(Number::from_f64(1.0), Some(Number::Integer(1)));
        assert!(matches!(Number::from_f64(-0.0), Some(Number::Integer(0))));
        assert!(matches!(Number::from_f64(1e19), Some(Number::Large(_))));
        assert!(matches!(Number::from_f64(1e300), Some(Number::Double(_))));
        assert!(matches!(Number::from_f64(-TWO_63), Some(Number::Integer(i64::MIN))));
        assert!(matches!(Number::from_f64(TWO_63), Some(Number::Large(large)) if large == 1 << 63));
        assert!(matches!(Number::from_f64(TWO_64), Some(Number::Double(_))));
        assert!(matches!(Number::from_f64(4_503_599_627_370_495.5), Some(Number::Double(_))));
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(Number::from_f64(value), None);
        }
    }

    #[test]
    fn comparison_is_exact_where_doubles_round() {
        let big = Number::Integer((1 << 53) + 1);
        assert!(Number::from_f64(9_007_199_254_740_992.0).unwrap() < big);
        assert!(Number::from_u64(u64::MAX) < Number::from_f64(TWO_64).unwrap());
        assert!(Number::from_f64(0.5).unwrap() > Number::Integer(0));
        assert!(Number::from_f64(-0.5).unwrap() < Number::Integer(0));
        assert!(Number::from_f64(-0.5).unwrap() > Number::Integer(-1));
        assert!(Number::from_f64(-1e300).unwrap() < Number::Integer(i64::MIN));
    }
}
