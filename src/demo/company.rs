//! A company: its plan, its people, and how well it likes the product.

use super::names::{COMPANY_FIRST, COMPANY_LAST, COUNTRIES, Country, INDUSTRIES};
use super::random::Random;

/// What a company pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plan {
    Trial,
    Team,
    Business,
    Enterprise,
}

impl Plan {
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Team => "team",
            Self::Business => "business",
            Self::Enterprise => "enterprise",
        }
    }

    /// What a seat costs in a month.
    pub fn seat_price(self) -> i64 {
        match self {
            Self::Trial => 0,
            Self::Team => 12,
            Self::Business => 24,
            Self::Enterprise => 39,
        }
    }

    /// The plan for so many people.
    pub fn for_people(people: usize) -> Self {
        match people {
            0..=6 => Self::Team,
            7..=18 => Self::Business,
            _ => Self::Enterprise,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Company {
    pub key: String,
    pub name: String,
    pub industry: &'static str,
    pub country: Country,
    pub plan: Plan,
    pub seats: usize,
    /// How many people there are who could be invited.
    pub potential: usize,
    /// How much its people use the product, from 0 to 1.
    pub liking: f64,
    pub joined_day: u32,
    pub has_left: bool,
    pub members: Vec<usize>,
    pub projects: Vec<String>,
}

impl Company {
    /// The company with this number; numbers give different names.
    pub fn new(number: usize, day: u32, random: &mut Random) -> Self {
        let first = COMPANY_FIRST[number % COMPANY_FIRST.len()];
        // Neighbours differ in both words, and no pair comes twice before all have come.
        let last = COMPANY_LAST[(number / COMPANY_FIRST.len() + number % COMPANY_FIRST.len() * 5) % COMPANY_LAST.len()];
        let name = format!("{first} {last}");
        let industry = random.weighted(&INDUSTRIES);
        let country = random.weighted(&COUNTRIES);
        let size = random.share();
        // Few are large.
        let potential = 2 + (9.0 * size + 90.0 * size * size * size * size * size * size) as usize;
        Self {
            key: name.to_lowercase().replace(' ', "-"),
            name,
            industry,
            country,
            plan: Plan::Trial,
            seats: 5,
            potential,
            liking: 0.4 + 0.6 * random.share(),
            joined_day: day,
            has_left: false,
            members: Vec::new(),
            projects: Vec::new(),
        }
    }

    /// How many people work there.
    pub fn employees(&self) -> i64 {
        self.potential as i64 * 7 + 3
    }
}
