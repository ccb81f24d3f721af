//! Made-up events: 90 days, many events by few users, one company for most of them.

use trackcrumb::Line;
use trackcrumb::Store;
use trackcrumb::model::{Event, Timestamp};

/// The seed of everything.
const SEED: u64 = 1;
/// 2026-01-01T00:00:00Z in microseconds.
const START_MICROS: i64 = 1_767_225_600_000_000;
const DAY_MICROS: u64 = 86_400_000_000;
const DAYS: u64 = 90;
/// Events by share of a thousand.
const NAMES: [(&str, u64); 6] = [
    ("page_viewed", 500),
    ("feature_used", 250),
    ("search_performed", 150),
    ("invite_sent", 60),
    ("signup", 30),
    ("upgraded", 10),
];

/// SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators" (2014).
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(SEED)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Event `number` of `count`, in order of time.
fn event(number: u64, count: u64, random: &mut Random) -> Event {
    let user = random.below((count / 100).max(10));
    let draw = random.below(1000);
    let mut below = 0;
    let name = NAMES.iter().find(|(_, share)| {
        below += share;
        draw < below
    });
    let time = START_MICROS + (number * (DAYS * DAY_MICROS / count)) as i64;
    let mut event = Event::new(format!("user-{user}"), name.map_or("other", |(name, _)| *name))
        .expect("the names are short")
        .at(Timestamp::clamped(time))
        .property("country", ["US", "DE", "FR", "IN", "BR"][random.below(5) as usize])
        .property("duration_ms", random.below(100_000) as i64);
    if !user.is_multiple_of(8) {
        event =
            event.group("company", format!("company-{}", user % (count / 2000).max(5))).expect("the names are short");
    }
    event
}

/// All events, in order of time.
pub fn lines(count: u64) -> impl Iterator<Item = Line> {
    lines_of(SEED, count)
}

/// Others of the same users at the same times.
pub fn lines_of(seed: u64, count: u64) -> impl Iterator<Item = Line> {
    let mut random = Random(seed);
    (0..count).map(move |number| event(number, count, &mut random).into())
}

/// Writes all events in batches of 5,000.
pub fn fill(store: &Store, count: u64) {
    let mut lines = lines(count).peekable();
    while lines.peek().is_some() {
        store.write(lines.by_ref().take(5_000)).expect("the store takes everything");
    }
}
