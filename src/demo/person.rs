//! A person who uses the product.

use super::names::{FIRST_NAMES, LAST_NAMES};
use super::random::Random;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub id: String,
    pub name: String,
    pub email: String,
    pub role: &'static str,
    /// Place of the company among all.
    pub company: usize,
    /// How often the person comes, from 0 to 1.
    pub habit: f64,
    pub joined_day: u32,
    /// When the person signed up, in microseconds.
    pub joined: i64,
    pub is_onboarded: bool,
    pub has_left: bool,
    pub device: &'static str,
}

impl Person {
    /// The person with this number.
    pub fn new(
        number: usize,
        company: usize,
        role: &'static str,
        (joined_day, joined): (u32, i64),
        random: &mut Random,
    ) -> Self {
        let (first, last) = (*random.pick(&FIRST_NAMES), *random.pick(&LAST_NAMES));
        Self {
            id: format!("user_{}", 1001 + number),
            name: format!("{first} {last}"),
            email: format!("{}.{}{number}@example.com", ascii(first), ascii(last)),
            role,
            company,
            habit: 0.3 + 0.7 * random.share(),
            joined_day,
            joined,
            is_onboarded: false,
            has_left: false,
            device: random.weighted(&super::names::DEVICES),
        }
    }

    /// The probability of coming on a weekday: curiosity wears off, habit stays.
    pub fn presence(&self, day: u32, liking: f64) -> f64 {
        let age = f64::from(day - self.joined_day);
        self.habit * liking * (0.62 + 0.38 / (1.0 + age / 7.0))
    }
}

fn ascii(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect()
}
