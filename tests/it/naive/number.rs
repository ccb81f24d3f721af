//! Exact arithmetic for sums and averages, rounded once; how numbers are written in results.

use num_bigint::{BigInt, Sign};
use serde_json::Value;

use super::value::Plain;

/// Doubles are multiples of 2^-1074.
const FRACTION_BITS: usize = 1074;
/// Enough decimal digits after the point that more than 770 significant ones remain.
const DECIMAL_DIGITS: u32 = 1200;

/// A result number: counts and integral doubles below 2^53 as JSON integers, none as null.
pub(super) fn number(value: Option<f64>) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        None => Value::Null,
        Some(value) if !value.is_finite() => Value::Null,
        Some(value) if value.fract() == 0.0 && value.abs() < EXACT => Value::from(value as i64),
        Some(value) => Value::from(value),
    }
}

pub(super) fn count(value: usize) -> Value {
    Value::from(value as u64)
}

/// a / b, none when b is 0. Both are counts, so one double division rounds once.
pub(super) fn fraction(a: usize, b: usize) -> Option<f64> {
    (b != 0).then(|| a as f64 / b as f64)
}

/// The exact sum in units of 2^-1074.
fn exact_sum(numbers: &[&Plain]) -> BigInt {
    numbers.iter().map(|number| exact(number)).sum()
}

fn exact(number: &Plain) -> BigInt {
    match number {
        Plain::Int(int) => BigInt::from(*int) << FRACTION_BITS,
        Plain::Float(float) => exact_double(*float),
        _ => unreachable!("only numbers are summed"),
    }
}

/// mantissa x 2^exponent, taken from the double's bits.
fn exact_double(float: f64) -> BigInt {
    let bits = float.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as usize;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, shift) = match biased {
        0 => (fraction, 0),
        _ => (fraction | (1 << 52), biased - 1),
    };
    let magnitude = BigInt::from(mantissa) << shift;
    if float.is_sign_negative() { -magnitude } else { magnitude }
}

/// numerator / denominator as the nearest double (ties to even), none beyond doubles.
///
/// The quotient is written as a decimal of 1,200 digits after the point and one that says
/// whether anything is left; the standard library then rounds that decimal correctly.
pub(super) fn nearest_double(numerator: &BigInt, denominator: &BigInt) -> Option<f64> {
    let (scaled, ten) = (numerator.magnitude().clone(), BigInt::from(10));
    let scaled = BigInt::from(scaled) * ten.pow(DECIMAL_DIGITS);
    let quotient = &scaled / denominator;
    let sticky = if &quotient * denominator == scaled { 0 } else { 1 };
    let minus = if numerator.sign() == Sign::Minus { "-" } else { "" };
    let decimal = format!("{minus}{quotient}{sticky}e-{}", DECIMAL_DIGITS + 1);
    let double: f64 = decimal.parse().expect("a decimal number");
    double.is_finite().then_some(double)
}

/// The sum of numbers, 0 for none of them.
pub(super) fn sum(numbers: &[&Plain]) -> Option<f64> {
    nearest_double(&exact_sum(numbers), &(BigInt::from(1) << FRACTION_BITS))
}

/// The average of numbers, none for none of them.
pub(super) fn average(numbers: &[&Plain]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    nearest_double(&exact_sum(numbers), &(BigInt::from(numbers.len()) << FRACTION_BITS))
}

/// Microseconds divided by `parts`, in seconds.
pub(super) fn seconds(micros: i128, parts: usize) -> Option<f64> {
    nearest_double(&BigInt::from(micros), &(BigInt::from(parts) * 1_000_000))
}

/// A share between 0 and 1 as the decimal it was written as.
#[derive(Clone, Debug)]
pub(super) struct Share {
    digits: BigInt,
    scale: BigInt,
}

impl Share {
    pub(super) fn of(json: &Value) -> Result<Share, String> {
        let double = json.as_f64().ok_or("a percentile is a number from 0 to 1")?;
        if !(0.0..=1.0).contains(&double) {
            return Err(format!("percentile {double} is not within 0 to 1"));
        }
        // `Display` of a double writes the shortest decimal, never an exponent.
        let text = format!("{}", double.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{whole}{fraction}").parse().expect("digits");
        let scale = BigInt::from(10).pow(fraction.len() as u32);
        Ok(Share { digits, scale })
    }

    /// ⌈share · n⌉, at least 1.
    pub(super) fn rank(&self, n: usize) -> usize {
        let product = &self.digits * BigInt::from(n);
        let up = (&product + &self.scale - 1) / &self.scale;
        usize::try_from(&up).expect("at most n").max(1)
    }
}
