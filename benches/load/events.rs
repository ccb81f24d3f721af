//! The lines that are sent: events as a browser sends them, with an id each, of 50,000 users in 5,000 companies.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

const USERS: u64 = 50_000;
const COMPANIES: u64 = 5_000;
/// Events by share of ten.
const NAMES: [&str; 10] = [
    "page_viewed",
    "page_viewed",
    "page_viewed",
    "page_viewed",
    "page_viewed",
    "feature_used",
    "feature_used",
    "search_performed",
    "invite_sent",
    "upgraded",
];

/// An endless row of events, another one for each sender and each run.
pub struct Events {
    sender: u64,
    run: u128,
    number: u64,
    state: u64,
}

impl Events {
    pub fn new(sender: u64) -> Self {
        let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Self { sender, run, number: 0, state: sender + 1 }
    }

    /// SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators" (2014).
    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    /// The next so many, one a line.
    pub fn batch(&mut self, lines: usize) -> Vec<u8> {
        let mut text = String::with_capacity(lines * 256);
        for _ in 0..lines {
            let user = self.below(USERS);
            let name = NAMES[self.below(10) as usize];
            let (run, sender, number) = (self.run, self.sender, self.number);
            let duration = self.below(100_000);
            self.number += 1;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{{\"type\":\"track\",\"distinct_id\":\"user-{user}\",\"event\":\"{name}\",\
                 \"insert_id\":\"{run}-{sender}-{number}\",\"groups\":{{\"company\":\"company-{}\"}},\
                 \"properties\":{{\"path\":\"/reports/{}\",\"duration_ms\":{duration}}}}}",
                user % COMPANIES,
                user % 40,
            );
        }
        text.into_bytes()
    }
}
