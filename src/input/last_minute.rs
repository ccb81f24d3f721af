//! Reads times of which most are in the minute of the one before, as lines of an import mostly come in order of time.

use crate::model::Timestamp;

/// `2026-01-03T10:00:`
const MINUTE_BYTES: usize = 17;
/// `59.999999Z`
const REST_BYTES: usize = 10;

/// The minute of the last time that was read, as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastMinute {
    text: [u8; MINUTE_BYTES],
    start: Timestamp,
}

impl Default for LastMinute {
    fn default() -> Self {
        // No time begins like that.
        Self { text: [0; MINUTE_BYTES], start: Timestamp::clamped(0) }
    }
}

impl LastMinute {
    /// The same as [`Timestamp::parse`].
    #[inline]
    pub fn parse(&mut self, text: &str) -> Option<Timestamp> {
        let micros = text.as_bytes().split_first_chunk::<MINUTE_BYTES>().and_then(|(minute, rest)| {
            let rest = rest.first_chunk::<REST_BYTES>().filter(|_| rest.len() == REST_BYTES)?;
            if *minute == self.text { micros_of_minute(rest) } else { None }
        });
        match micros {
            Some(micros) => Timestamp::from_micros(self.start.micros() + micros).ok(),
            None => self.parse_anew(text),
        }
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
    let [s1, s2, b'.', f1, f2, f3, f4, f5, f6, b'Z'] = *rest else { return None };
    let mut number = 0u32;
    let mut all_digits = s1 < b'6';
    for digit in [s1, s2, f1, f2, f3, f4, f5, f6] {
        let digit = digit.wrapping_sub(b'0');
        all_digits &= digit < 10;
        number = number.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    all_digits.then_some(i64::from(number))
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
                prop_assert_eq!(minute.parse(&text), Timestamp::parse(&text).ok(), "{}", text);
            }
        }
    }
}
