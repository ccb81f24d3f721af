//! Reads times of which most are in the minute of the one before, as lines of an import mostly come in order of time.

use crate::model::Timestamp;

/// `2026-01-03T10:00:`
const MINUTE_BYTES: usize = 17;
/// `59.999999Z`
const REST_BYTES: usize = 10;
/// Both together.
pub(super) const TIME_BYTES: usize = MINUTE_BYTES + REST_BYTES;

/// The minute of the last time that was read, as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastMinute {
    text: [u8; MINUTE_BYTES],
    start: Timestamp,
}

impl Default for LastMinute {
    fn default() -> Self {
        // No text has such bytes.
        Self { text: [0xFF; MINUTE_BYTES], start: Timestamp::clamped(0) }
    }
}

impl LastMinute {
    /// The time that bytes begin with, in [`TIME_BYTES`] and a quote, if it is of that minute.
    #[inline]
    pub fn read(&self, bytes: &[u8]) -> Option<Timestamp> {
        let (time, rest) = bytes.split_first_chunk()?;
        if rest.first() == Some(&b'"') { self.of_minute(time) } else { None }
    }

    /// The same as [`Timestamp::parse`].
    #[inline]
    pub fn parse(&mut self, text: &str) -> Option<Timestamp> {
        let time = text.as_bytes().first_chunk().filter(|_| text.len() == TIME_BYTES);
        time.and_then(|time| self.of_minute(time)).or_else(|| self.parse_anew(text))
    }

    #[inline]
    fn of_minute(&self, time: &[u8; TIME_BYTES]) -> Option<Timestamp> {
        let (minute, seconds) = time.split_first_chunk::<MINUTE_BYTES>()?;
        if *minute != self.text {
            return None;
        }
        Timestamp::from_micros(self.start.micros() + micros_of_minute(seconds.first_chunk()?)?).ok()
    }

    #[inline(never)]
    fn parse_anew(&mut self, text: &str) -> Option<Timestamp> {
        let time = Timestamp::parse(text).ok()?;
        if let Some((minute, rest)) = text.as_bytes().split_first_chunk::<MINUTE_BYTES>()
            && let Some(micros) = rest.first_chunk::<REST_BYTES>().and_then(micros_of_minute)
            && rest.len() == REST_BYTES
            && let Ok(start) = Timestamp::from_micros(time.micros() - micros)
        {
            *self = Self { text: *minute, start };
        }
        Some(time)
    }
}

/// Microseconds from seconds, a fraction of six digits, and `Z`; of anything else nothing is said.
#[inline]
fn micros_of_minute(rest: &[u8; REST_BYTES]) -> Option<i64> {
    let [s1, s2, b'.', fraction @ .., b'Z'] = *rest else { return None };
    let [f1, f2, f3, f4, f5, f6] = fraction;
    let digits = u64::from_le_bytes([s1, s2, f1, f2, f3, f4, f5, f6]);
    (s1 < b'6' && are_digits(digits)).then(|| i64::from(number_of_digits(digits)))
}

/// Whether each of eight bytes is a digit: its upper half is 3, also when 6 is added.
#[inline]
fn are_digits(bytes: u64) -> bool {
    let upper = 0xF0F0_F0F0_F0F0_F0F0;
    let threes = 0x3030_3030_3030_3030;
    bytes & upper == threes && bytes.wrapping_add(0x0606_0606_0606_0606) & upper == threes
}

/// The number that eight digits are, the first lowest in memory: pairs of neighbours become one, three times.
#[inline]
fn number_of_digits(bytes: u64) -> u32 {
    let digits = bytes & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000 << 32 | 1) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time() -> impl Strategy<Value = String> {
        let minute = prop::sample::select(vec![
            "2026-01-03T10:00:",
            "2026-01-03t10:00:",
            "2026-02-29T10:00:",
            "0001-01-01T00:00:",
        ]);
        let rest = prop_oneof![
            "[0-9]{2}\\.[0-9]{6}Z",
            "[0-6][0-9](\\.[0-9]{1,7})?(Z|z|\\+01:00)",
            prop::sample::select(vec!["5a.000000Z", "59.0000é", "60.000000Z", "", "59"]).prop_map(str::to_owned),
        ];
        (minute, rest).prop_map(|(minute, rest)| format!("{minute}{rest}"))
    }

    proptest! {
        #[test]
        fn times_after_others_are_read_as_alone(texts in prop::collection::vec(time(), 1..30)) {
            let mut minute = LastMinute::default();
            for text in texts {
                let expected = Timestamp::parse(&text).ok();
                let quoted = format!("{text}\"");
                if let Some(time) = minute.read(quoted.as_bytes()) {
                    prop_assert_eq!((Some(time), text.len()), (expected, TIME_BYTES));
                }
                prop_assert_eq!(minute.parse(&text), expected, "{}", text);
                if text.len() == TIME_BYTES && text.ends_with('Z') && expected.is_some() {
                    prop_assert_eq!(minute.read(quoted.as_bytes()), expected);
                    prop_assert_eq!(minute.read(text.as_bytes()), None);
                }
            }
        }
    }
}
