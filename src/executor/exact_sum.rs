//! Sums without rounding: the order of the terms never shows.
//!
//! Numbers of ordinary size are added in 128 bits of fixed point, other integers in 128 bits, and other doubles into one
//! wide fixed-point number that spans them all, as in R. M. Neal, "Fast exact summation using small and large
//! superaccumulators" (2015), arXiv:1505.05571.

use super::footprint::Footprint;
use crate::model::Number;
use num_bigint::{BigInt, Sign};

/// Bits of a limb that a term may fill; the rest of its 64 bits take carries.
const LIMB_BITS: usize = 32;
/// Enough limbs for 2^-1074 to 2^1024 and for the bits of a term that reach into the next.
const LIMBS: usize = 68;
/// The weight of the lowest bit is 2^-1074.
const LOWEST_EXPONENT: i64 = -1074;
/// So many terms may be added before carries must be passed on.
const TERMS_BETWEEN_CARRIES: u32 = 1 << 30;

/// The weight of the lowest bit of [`ExactSum::near`] is 2^-74.
const NEAR_EXPONENT: i64 = -74;
const NEAR_UNIT: f64 = 1.0 / (1u128 << -NEAR_EXPONENT) as f64;
/// The least and the greatest exponent, as doubles have it, of those that are added there: all their bits have a place,
/// and thousands of them fit 128 bits.
const NEAR_EXPONENTS: std::ops::RangeInclusive<u64> = 1001..=1062;
const _: () = assert!(*NEAR_EXPONENTS.end() - *NEAR_EXPONENTS.start() < 64, "places are masked to 64");

/// What exponents of doubles are counted from.
const BIAS: u32 = 1023;

/// Integers of a smaller magnitude are added there too.
const NEAR_INTEGERS: u64 = 1 << 48;

/// A number of ordinary size, or a sum of some, in units of 2^[`NEAR_EXPONENT`].
pub(super) type NearSum = i128;

/// An exact sum of numbers.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    /// Numbers neither tiny nor huge, as most are; what no longer fits goes to `far`.
    near: NearSum,
    count: u64,
    far: Option<Box<Far>>,
}

/// All other numbers.
#[derive(Clone, Debug, Default)]
struct Far {
    integers: i128,
    doubles: Doubles,
}

#[derive(Clone, Debug)]
struct Doubles {
    limbs: [i64; LIMBS],
    terms: u32,
}

impl ExactSum {
    /// Adds a number.
    pub fn add(&mut self, number: Number) {
        self.count += 1;
        match number.to_i128() {
            Some(integer) => self.add_integer(integer),
            None => self.add_double(number.to_f64()),
        }
    }

    /// Takes a number away that was added before.
    pub fn subtract(&mut self, number: Number) {
        self.count -= 1;
        match number.to_i128() {
            Some(integer) => self.add_integer(-integer),
            None => self.add_double(-number.to_f64()),
        }
    }

    /// A sum of so many numbers of ordinary size.
    pub(super) fn of_near(near: NearSum, count: u64) -> Self {
        Self { near, count, far: None }
    }

    #[inline]
    fn add_integer(&mut self, integer: i128) {
        match near_of_integer(integer) {
            Some(near) => self.add_near(near),
            // 2^63 terms of 64 bits fit 128.
            None => self.far_mut().integers += integer,
        }
    }

    #[inline]
    fn add_double(&mut self, double: f64) {
        match near_of(double) {
            Some(near) => self.add_near(near),
            None => self.far_mut().doubles.add(double),
        }
    }

    #[inline]
    fn add_near(&mut self, near: NearSum) {
        match self.near.checked_add(near) {
            Some(sum) => self.near = sum,
            None => {
                let full = std::mem::replace(&mut self.near, near);
                self.far_mut().doubles.add_near(full);
            }
        }
    }

    fn far_mut(&mut self) -> &mut Far {
        self.far.get_or_insert_default()
    }

    /// Adds the terms of another sum.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.add_near(other.near);
        if let Some(theirs) = &other.far {
            match &mut self.far {
                None => self.far = Some(theirs.clone()),
                Some(ours) => {
                    ours.integers += theirs.integers;
                    ours.doubles.merge(&theirs.doubles);
                }
            }
        }
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The double nearest to the sum; `None` beyond doubles.
    pub fn sum(&self) -> Option<f64> {
        match self.far {
            None => Some(nearest_to(self.near)),
            Some(_) => nearest(&self.scaled(), &BigInt::from(1)),
        }
    }

    /// The double nearest to the average; `None` of nothing.
    pub fn average(&self) -> Option<f64> {
        self.average_over(self.count)
    }

    /// The double nearest to the sum divided by `divisor`; `None` for 0.
    pub fn average_over(&self, divisor: u64) -> Option<f64> {
        if divisor == 0 { None } else { nearest(&self.scaled(), &BigInt::from(divisor)) }
    }

    /// The sum in units of 2^-1074.
    fn scaled(&self) -> BigInt {
        let near = BigInt::from(self.near) << (NEAR_EXPONENT - LOWEST_EXPONENT);
        match &self.far {
            None => near,
            Some(far) => near + (BigInt::from(far.integers) << -LOWEST_EXPONENT) + far.doubles.scaled(),
        }
    }
}

/// The double nearest to a sum of numbers of ordinary size.
#[inline]
pub(super) fn nearest_to(near: NearSum) -> f64 {
    let magnitude = near.unsigned_abs();
    let zeros = magnitude.leading_zeros();
    if zeros == u128::BITS {
        return 0.0;
    }
    // Its first 63 bits decide how it is rounded, with one more that says whether any are set after them; an integer of
    // 64 bits is rounded in one step, where one of 128 takes many.
    let normal = magnitude << zeros;
    let first = (normal >> 65) as i64 | i64::from(normal << 63 != 0);
    let double = first as f64 * NEAR_UNIT * f64::from_bits(u64::from(BIAS + 65 - zeros) << 52);
    if near < 0 { -double } else { double }
}

/// A double, if it is of ordinary size.
#[inline]
pub(super) fn near_of(double: f64) -> Option<NearSum> {
    let bits = double.to_bits();
    let exponent = bits >> 52 & 0x7ff;
    if !NEAR_EXPONENTS.contains(&exponent) {
        return None;
    }
    let magnitude = (bits & ((1 << 52) - 1) | 1 << 52) as i64;
    // Without a jump, as signs may come in any order.
    let sign = bits as i64 >> 63;
    // The mask changes nothing. It tells the compiler that no place needs the way that shifts of 64 and more take.
    Some(NearSum::from((magnitude ^ sign) - sign) << ((exponent - NEAR_EXPONENTS.start()) & 63))
}

#[inline]
fn near_of_integer(integer: i128) -> Option<NearSum> {
    (integer.unsigned_abs() < u128::from(NEAR_INTEGERS)).then_some(integer << -NEAR_EXPONENT)
}

/// A number, if it is of ordinary size.
#[inline]
pub(super) fn near_of_number(number: Number) -> Option<NearSum> {
    match number.to_i128() {
        Some(integer) => near_of_integer(integer),
        None => near_of(number.to_f64()),
    }
}

impl Footprint for ExactSum {
    #[inline]
    fn footprint(&self) -> usize {
        if self.far.is_some() { size_of::<Far>() } else { 0 }
    }
}

impl Default for Doubles {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], terms: 0 }
    }
}

impl Doubles {
    fn add(&mut self, double: f64) {
        let bits = double.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        // Subnormal numbers have the exponent of the least normal ones and no leading 1.
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let (limb, offset) = (shift / LIMB_BITS, shift % LIMB_BITS);
        let wide = u128::from(mantissa) << offset;
        let sign = if double.is_sign_negative() { -1 } else { 1 };
        for part in 0..3 {
            let piece = (wide >> (part * LIMB_BITS)) as u32;
            self.limbs[limb + part] += sign * i64::from(piece);
        }
        self.count_term();
    }

    /// Adds a sum of near doubles.
    fn add_near(&mut self, near: i128) {
        let sign = if near < 0 { -1 } else { 1 };
        let (limb, offset) = {
            let shift = (NEAR_EXPONENT - LOWEST_EXPONENT) as usize;
            (shift / LIMB_BITS, shift % LIMB_BITS)
        };
        let magnitude = near.unsigned_abs();
        // Half of the bits at a time, so that they can be shifted.
        for (half, bits) in [magnitude & u128::from(u64::MAX), magnitude >> 64].into_iter().enumerate() {
            let wide = bits << offset;
            for part in 0..3 {
                let piece = (wide >> (part * LIMB_BITS)) as u32;
                self.limbs[limb + half * 64 / LIMB_BITS + part] += sign * i64::from(piece);
            }
        }
        self.count_term();
    }

    fn count_term(&mut self) {
        self.terms += 1;
        if self.terms == TERMS_BETWEEN_CARRIES {
            self.pass_carries();
        }
    }

    fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        other.pass_carries();
        self.pass_carries();
        self.limbs.iter_mut().zip(&other.limbs).for_each(|(limb, other)| *limb += other);
    }

    fn pass_carries(&mut self) {
        for limb in 0..LIMBS - 1 {
            let carry = self.limbs[limb] >> LIMB_BITS;
            self.limbs[limb] -= carry << LIMB_BITS;
            self.limbs[limb + 1] += carry;
        }
        self.terms = 0;
    }

    fn scaled(&self) -> BigInt {
        self.limbs.iter().rev().fold(BigInt::from(0), |sum, limb| (sum << LIMB_BITS) + BigInt::from(*limb))
    }
}

/// The double nearest to `scaled` × 2^-1074 ÷ `divisor`, ties to even; `None` beyond doubles.
fn nearest(scaled: &BigInt, divisor: &BigInt) -> Option<f64> {
    let (sign, magnitude) = (scaled.sign(), scaled.magnitude());
    let divisor = divisor.magnitude();
    if sign == Sign::NoSign {
        return Some(0.0);
    }
    // A quotient of at least 55 bits, and whether anything was left over, decide the rounding.
    let extra = (divisor.bits() + 56).saturating_sub(magnitude.bits());
    let shifted = magnitude.clone() << extra;
    let (quotient, rest) = (&shifted / divisor, &shifted % divisor);
    let exact = rest.bits() == 0;
    let exponent = LOWEST_EXPONENT - extra as i64;
    let double = round(&quotient, exact, exponent)?;
    Some(if sign == Sign::Minus { -double } else { double })
}

/// The double nearest to `quotient` × 2^`exponent`, where what follows the quotient's last bit is nothing (`exact`)
/// or less than one more.
fn round(quotient: &num_bigint::BigUint, exact: bool, exponent: i64) -> Option<f64> {
    // The last bit that a double of this size keeps.
    let top = exponent + quotient.bits() as i64;
    let kept_exponent = (top - 53).max(LOWEST_EXPONENT);
    let dropped = (kept_exponent - exponent).max(0) as u64;
    let kept = quotient >> dropped;
    let mut mantissa = kept.iter_u64_digits().next().unwrap_or(0);
    if dropped > 0 {
        let half = quotient.bit(dropped - 1);
        let below = !exact || (0..dropped - 1).any(|bit| quotient.bit(bit));
        if half && (below || mantissa & 1 == 1) {
            mantissa += 1;
        }
    }
    // Both factors are exact, and so is the product, as the mantissa has at most 53 bits (or is 2^53).
    let double = scale(mantissa as f64, kept_exponent);
    double.is_finite().then_some(double)
}

/// `value` × 2^`exponent`, in steps that stay exact.
fn scale(value: f64, exponent: i64) -> f64 {
    let power = |exponent: i64| f64::from_bits(((exponent + 1023) as u64) << 52);
    let mut scaled = value;
    let mut left = exponent;
    while left > 1023 {
        scaled *= power(1023);
        left -= 1023;
    }
    if left < -1022 {
        // The mantissa is whole at 2^-1074, so the last step does not round.
        scaled * power(left + 52) * power(-52)
    } else {
        scaled * power(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        numbers.iter().for_each(|number| sum.add(Number::from_f64(*number).unwrap()));
        sum
    }

    #[test]
    fn known_sums() {
        assert_eq!(sum(&[0.1, 0.2]).sum(), Some(0.1 + 0.2));
        assert_eq!(sum(&[1e308, 1e308]).sum(), None);
        assert_eq!(sum(&[1e308, 1e308, -1e308]).sum(), Some(1e308));
        assert_eq!(sum(&[1e308, 1e308]).average(), Some(1e308));
        assert_eq!(sum(&[1e100, 0.5, -1e100]).sum(), Some(0.5));
        assert_eq!(sum(&[5e-324, 5e-324]).average(), Some(5e-324));
        assert_eq!(sum(&[]).sum(), Some(0.0));
        assert_eq!(sum(&[]).average(), None);
        assert_eq!(sum(&[1.0, 2.0, 2.0]).average(), Some(5.0 / 3.0));
        assert_eq!(sum(&[f64::MAX]).sum(), Some(f64::MAX));
        assert_eq!(sum(&[2.2250738585072014e-308, 5e-324]).sum(), Some(2.225073858507202e-308));
    }

    proptest! {
        #[test]
        fn two_doubles_sum_as_the_machine_rounds(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let expected = Some(a + b).filter(|sum| sum.is_finite());
            prop_assert_eq!(sum(&[a, b]).sum().map(|sum| sum + 0.0), expected.map(|sum| sum + 0.0));
        }

        // With few bits set sums lie between two doubles, with one more or less near to that.
        #[test]
        fn sums_become_the_nearest_doubles(bits in 1u32..=64, some: i64, shift in 0u32..64, beside in -1i128..=1) {
            let near = (i128::from(some) >> (64 - bits) << shift) + beside;
            prop_assert_eq!(nearest_to(near).to_bits(), (near as f64 * NEAR_UNIT).to_bits());
        }

        #[test]
        fn the_order_does_not_show(mut numbers in prop::collection::vec(-1e300f64..1e300, 0..40)) {
            let forward = sum(&numbers);
            numbers.reverse();
            let backward = sum(&numbers);
            prop_assert_eq!(forward.sum(), backward.sum());
            prop_assert_eq!(forward.average(), backward.average());
        }

        #[test]
        fn near_doubles_sum_as_all_doubles_do(
            numbers in prop::collection::vec((-1e12f64..1e12, -20i32..20), 0..40), copies in 1u32..3000,
            integer in any::<i64>(), common in -(1i64 << 49)..1 << 49,
        ) {
            let mut near = ExactSum::default();
            let mut wide = Doubles::default();
            near.add(Number::Integer(integer));
            for (number, exponent) in numbers {
                let number = number * 2f64.powi(exponent);
                for _ in 0..copies {
                    near.add_double(number);
                    wide.add(number);
                }
            }
            (0..copies).for_each(|_| near.add(Number::Integer(common)));
            let integers = BigInt::from(integer) + BigInt::from(common) * copies;
            let expected = wide.scaled() + (integers << -LOWEST_EXPONENT);
            prop_assert_eq!(near.scaled(), expected.clone());
            prop_assert_eq!(near.sum(), nearest(&expected, &BigInt::from(1)));
        }

        #[test]
        fn what_is_taken_away_leaves_no_trace(
            kept in prop::collection::vec(-1e300f64..1e300, 0..20),
            gone in prop::collection::vec(-1e300f64..1e300, 0..20),
        ) {
            let mut both = sum(&gone);
            both.merge(&sum(&kept));
            gone.iter().for_each(|number| both.subtract(Number::from_f64(*number).unwrap()));
            prop_assert_eq!(both.sum(), sum(&kept).sum());
            prop_assert_eq!(both.average(), sum(&kept).average());
        }

        #[test]
        fn a_quotient_rounds_as_the_machine_divides(a in 1u64..1 << 53, b in 1u64..1 << 53) {
            let scaled = BigInt::from(a) << -LOWEST_EXPONENT;
            prop_assert_eq!(nearest(&scaled, &BigInt::from(b)), Some(a as f64 / b as f64));
        }
    }
}
