//! The latest events of some tables: all since a midnight of UTC, few enough to be looked at one by one. Which they are
//! depends on the events alone, not on how they are stored.

use crate::codec::DecodeError;
use crate::codec::packed::{BLOCK_VALUES, Packed};
use crate::index::Day;
use crate::model::Timestamp;
use crate::segment::Table;
use std::collections::BTreeMap;

/// See the module.
pub(super) struct LatestEvents<'s> {
    /// Those with such events.
    pub tables: Vec<Table<'s>>,
    /// Where they begin; `None` when they are all.
    since: Option<Day>,
    /// How many they are.
    pub counted: u64,
    /// How many events the tables have.
    pub of: u64,
}

/// The rows of a table that are among them, block by block.
pub(super) struct LatestRows {
    /// The times, where some rows are too old.
    times: Option<Packed>,
    since_micros: i64,
}

impl<'s> LatestEvents<'s> {
    /// As many whole days as have at most so many events, and at least one.
    pub fn new(mut tables: Vec<Table<'s>>, rows_max: u64) -> Result<Self, DecodeError> {
        let of = tables.iter().map(|table| table.rows() as u64).sum();
        if of <= rows_max {
            return Ok(Self { tables, since: None, counted: of, of });
        }
        let mut rows_by_day: BTreeMap<Day, u64> = BTreeMap::new();
        for table in &tables {
            for (day, rows, _) in table.user_days()?.days(None, None) {
                *rows_by_day.entry(day).or_default() += rows;
            }
        }
        let (mut since, mut counted) = (None, 0);
        for (day, rows) in rows_by_day.into_iter().rev() {
            if since.is_some() && counted + rows > rows_max {
                break;
            }
            since = Some(day);
            counted += rows;
        }
        let start = since.map_or(i64::MIN, Day::start_micros);
        tables.retain(|table| table.time_range().1.micros() >= start);
        Ok(Self { tables, since: since.filter(|_| counted < of), counted, of })
    }

    /// When they begin; `None` when they are all.
    pub fn since(&self) -> Option<Timestamp> {
        self.since.map(|day| Timestamp::clamped(day.start_micros()))
    }

    /// The rows of one of the tables.
    pub fn rows(&self, table: Table<'_>) -> Result<LatestRows, DecodeError> {
        let since_micros = self.since.map_or(i64::MIN, Day::start_micros);
        let has_older = table.time_range().0.micros() < since_micros;
        Ok(LatestRows { times: has_older.then(|| table.times()).transpose()?, since_micros })
    }
}

impl LatestRows {
    /// Whether each row of a block is one of them.
    pub fn select(&self, block: usize, out: &mut [bool]) {
        match &self.times {
            None => out.fill(true),
            Some(times) => {
                let mut buffer = [0; BLOCK_VALUES];
                times.decode_block(block, &mut buffer);
                for (is_latest, time) in out.iter_mut().zip(&buffer) {
                    *is_latest = *time >= self.since_micros;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::{Event, EventId};
    use crate::store::{Environment, FixedEnvironment, Options, Snapshot, Store};
    use std::sync::Arc;

    const DAY: i64 = 86_400_000_000;

    /// Two events on day 0, three on day 1, one on day 2, in several segments.
    fn snapshot() -> Snapshot {
        let environment: Arc<dyn Environment> = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
        let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).unwrap();
        for (place, time) in [DAY, 0, 2 * DAY - 1, 2 * DAY + 5, DAY - 1, DAY + 7].into_iter().enumerate() {
            let event = Event::new(format!("u{place}"), "e").unwrap().at(Timestamp::clamped(time));
            store.write([event.into()]).unwrap();
            if place % 2 == 1 {
                store.seal().unwrap();
            }
        }
        store.snapshot().unwrap()
    }

    #[test]
    fn whole_days_are_taken_from_the_latest_on() {
        let snapshot = snapshot();
        let tables = || snapshot.segments().iter().filter_map(|segment| segment.table(EventId::new(0))).collect();
        for (most, day, counted) in
            [(0, Some(2), 1), (1, Some(2), 1), (3, Some(2), 1), (4, Some(1), 4), (5, Some(1), 4), (6, None, 6)]
        {
            let latest = LatestEvents::new(tables(), most).unwrap();
            assert_eq!(latest.since(), day.map(|day| Timestamp::clamped(day * DAY)), "{most}");
            assert_eq!((latest.counted, latest.of), (counted, 6), "{most}");
            let mut selected = 0;
            for table in &latest.tables {
                let mut rows = vec![false; table.rows()];
                latest.rows(*table).unwrap().select(0, &mut rows);
                selected += rows.into_iter().filter(|is_latest| *is_latest).count() as u64;
            }
            assert_eq!(selected, counted, "{most}");
        }
    }
}
