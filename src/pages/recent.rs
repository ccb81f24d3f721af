//! The latest events of some users.

use super::error::{PageError, damaged};
use crate::codec::{DecodeError, Packed};
use crate::helpers::{in_parallel, threads_at_best};
use crate::index::{Day, UnitDays};
use crate::model::{EventId, Moment, Properties, StoredName, Timestamp, UserId};
use crate::segment::{Arrivals, Segment, Table, UserRuns};
use crate::store::Snapshot;
use hashbrown::HashMap;
use roaring::RoaringBitmap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

/// How many events a profile shows.
pub(super) const RECENT_MAX: usize = 50;

/// One event as profiles show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecentEvent {
    /// The event's name.
    pub event: String,
    /// Its user's shown id.
    pub distinct_id: String,
    /// When, RFC 3339.
    pub timestamp: String,
    /// The groups it carries.
    pub groups: BTreeMap<String, String>,
    /// Its properties.
    pub properties: Properties,
    /// The sender's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insert_id: Option<String>,
}

/// Where an event lies: the table's place in the list of tables, and its row.
pub(super) type Found = (Moment, usize, usize);

/// The latest events of users, under all their ids as sent, newest first.
pub(super) fn recent(snapshot: &Snapshot, ids: &RoaringBitmap) -> Result<Vec<RecentEvent>, PageError> {
    Newest::find(snapshot, ids)?.show(snapshot)
}

/// Where the latest events of some users are.
pub(super) struct Newest<'a> {
    tables: Vec<Table<'a>>,
    /// Newest first.
    found: Vec<Found>,
}

impl<'a> Newest<'a> {
    /// Looks for the latest events of users, under all their ids as sent.
    pub fn find(snapshot: &'a Snapshot, ids: &RoaringBitmap) -> Result<Self, PageError> {
        let tables = newest_first(snapshot);
        let found = newest(snapshot, &tables, ids).map_err(damaged(snapshot))?;
        Ok(Self { tables, found })
    }

    /// Reads them.
    pub fn show(&self, snapshot: &Snapshot) -> Result<Vec<RecentEvent>, PageError> {
        show(snapshot, &self.tables, &self.found).map_err(damaged(snapshot))
    }
}

/// The events of fewer users are sought in each one's rows; of others day by day from the last on.
const SEVERAL_USERS: u64 = 8;
/// The events of so many users are sought among the newest of all first.
const MANY_USERS: u64 = 64;

fn newest(snapshot: &Snapshot, tables: &[Table<'_>], ids: &RoaringBitmap) -> Result<Vec<Found>, DecodeError> {
    let mut kept = Kept::with_capacity(RECENT_MAX + 1);
    match ids.len() {
        MANY_USERS.. => find_of_many(snapshot, tables, ids, &mut kept)?,
        SEVERAL_USERS.. => find_by_day(&segments_newest_first(snapshot), &mut Opened::new(tables), ids, &mut kept)?,
        _ => find_by_user(tables, ids, &mut kept)?,
    }
    Ok(in_order(kept))
}

/// All tables, so that the others need not be opened once enough newer events are found.
fn newest_first(snapshot: &Snapshot) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = snapshot.segments().iter().flat_map(|segment| segment.tables()).collect();
    tables.sort_by_key(|table| Reverse(table.time_range().1));
    tables
}

/// The newest found so far: the oldest of them is on top.
type Kept = BinaryHeap<Reverse<Found>>;

/// Newest first.
fn in_order(kept: Kept) -> Vec<Found> {
    let mut found: Vec<Found> = kept.into_iter().map(|Reverse(found)| found).collect();
    found.sort_unstable_by_key(|(moment, ..)| Reverse(*moment));
    found
}

/// The oldest of those found so far, once they are enough: what is older need not be looked at.
fn oldest(kept: &Kept) -> Option<Moment> {
    kept.peek().filter(|_| kept.len() == RECENT_MAX).map(|Reverse((moment, ..))| *moment)
}

/// The newest events of users, in each one's rows.
fn find_by_user(tables: &[Table<'_>], ids: &RoaringBitmap, kept: &mut Kept) -> Result<(), DecodeError> {
    for (place, table) in tables.iter().enumerate() {
        if oldest(kept).is_some_and(|oldest| table.time_range().1 < oldest.time) {
            break;
        }
        let rows = TableRows::open(*table, place)?;
        for run in ids.iter().filter_map(|id| rows.users.run_of(UserId::new(id))) {
            rows.keep_newest(rows.users.rows(run), i64::MIN, i64::MAX, kept);
        }
    }
    Ok(())
}

fn segments_newest_first(snapshot: &Snapshot) -> Vec<&Segment> {
    let mut segments: Vec<&Segment> = snapshot.segments().iter().map(|segment| &**segment).collect();
    segments.sort_by_key(|segment| Reverse(segment.time_range().1));
    segments
}

/// The newest events of many users: of each segment those among its newest rows, if that settles it.
fn find_of_many(
    snapshot: &Snapshot,
    tables: &[Table<'_>],
    ids: &RoaringBitmap,
    kept: &mut Kept,
) -> Result<(), DecodeError> {
    let (mut opened, mut others) = (Opened::new(tables), Vec::new());
    for segment in segments_newest_first(snapshot) {
        if oldest(kept).is_some_and(|oldest| segment.time_range().1 < oldest.time) {
            break;
        }
        let before = kept.clone();
        if !find_among_newest(segment, &mut opened, ids, kept)? {
            *kept = before;
            others.push(segment);
        }
    }
    find_by_day(&others, &mut opened, ids, kept)
}

/// The newest events of users in a segment, among its newest rows. Answers whether no other row can be one of them.
fn find_among_newest(
    segment: &Segment,
    opened: &mut Opened<'_>,
    ids: &RoaringBitmap,
    kept: &mut Kept,
) -> Result<bool, DecodeError> {
    let listed = segment.newest_rows()?;
    for place in 0..listed.len() {
        let (table, row) = listed.get(place)?;
        let rows = opened.rows_of(&table)?;
        let mut user = [0];
        rows.users.decode(row..row + 1, &mut user);
        if ids.contains(user[0]) {
            let moment = rows.moment(row);
            if oldest(kept).is_some_and(|oldest| moment < oldest) {
                return Ok(true);
            }
            rows.keep(moment, row, kept);
        }
    }
    if listed.len() as u64 == segment.rows() {
        return Ok(true);
    }
    let Some(last) = listed.len().checked_sub(1) else { return Ok(false) };
    let (table, row) = listed.get(last)?;
    let last = opened.rows_of(&table)?.moment(row);
    Ok(oldest(kept).is_some_and(|oldest| last <= oldest))
}

/// So many events are read on other threads too, those of a table on one.
const SHARED_EVENTS: usize = 32;

/// These events, in their order.
pub(super) fn show(
    snapshot: &Snapshot,
    tables: &[Table<'_>],
    found: &[Found],
) -> Result<Vec<RecentEvent>, DecodeError> {
    let places = |(slot, (_, table, row)): (usize, &Found)| (*table, slot, *row);
    let mut by_table: Vec<(usize, usize, usize)> = found.iter().enumerate().map(places).collect();
    by_table.sort_unstable();
    let parts: Vec<&[(usize, usize, usize)]> = by_table.chunk_by(|a, b| a.0 == b.0).collect();
    let threads = if found.len() < SHARED_EVENTS { 1 } else { threads_at_best() };
    let read = in_parallel(threads, &parts, |of_table| {
        let rows: Vec<usize> = of_table.iter().map(|(.., row)| *row).collect();
        read_rows(snapshot, tables[of_table[0].0], &rows)
    });
    let mut events: Vec<Option<RecentEvent>> = vec![None; found.len()];
    for (of_table, read) in parts.into_iter().zip(read) {
        of_table.iter().zip(read?).for_each(|((_, slot, _), event)| events[*slot] = Some(event));
    }
    Ok(events.into_iter().flatten().collect())
}

/// The rows of a table, from which some are kept.
struct TableRows<'a> {
    table: Table<'a>,
    place: usize,
    users: UserRuns,
    times: Packed,
    arrivals: Arrivals,
}

impl<'a> TableRows<'a> {
    fn open(table: Table<'a>, place: usize) -> Result<Self, DecodeError> {
        Ok(Self { table, place, users: table.users()?, times: table.times()?, arrivals: table.arrivals()? })
    }

    fn moment(&self, row: usize) -> Moment {
        let arrival = self.table.arrival_base().plus(self.arrivals.get(row) as u64);
        Moment { time: Timestamp::clamped(self.times.get(row)), arrival }
    }

    /// Keeps a row, in the place of the oldest if there are enough.
    fn keep(&self, moment: Moment, row: usize, kept: &mut Kept) {
        kept.push(Reverse((moment, self.place, row)));
        if kept.len() > RECENT_MAX {
            kept.pop();
        }
    }

    /// Keeps the newest of a user's rows among those before an instant, and not before another, both in microseconds.
    fn keep_newest(&self, rows: Range<usize>, from: i64, to: i64, kept: &mut Kept) {
        // A user's rows ascend, so the newest are at the end.
        for row in rows.rev() {
            let time = self.times.get(row);
            if time >= to {
                continue;
            }
            let oldest = oldest(kept);
            if time < from || oldest.is_some_and(|oldest| time < oldest.time.micros()) {
                break;
            }
            let moment = self.moment(row);
            if oldest.is_some_and(|oldest| moment < oldest) {
                break;
            }
            self.keep(moment, row, kept);
        }
    }
}

/// The rows of tables, each opened when it is first needed.
struct Opened<'a> {
    tables: &'a [Table<'a>],
    /// The place among the tables by segment, known by its address, and event.
    places: HashMap<(*const Segment, EventId), usize>,
    rows: Vec<Option<TableRows<'a>>>,
}

impl<'a> Opened<'a> {
    fn new(tables: &'a [Table<'a>]) -> Self {
        let places = tables.iter().enumerate().map(|(place, table)| (Self::key(table), place)).collect();
        Self { tables, places, rows: tables.iter().map(|_| None).collect() }
    }

    fn key(table: &Table<'_>) -> (*const Segment, EventId) {
        (table.segment(), table.event())
    }

    fn rows_of(&mut self, table: &Table<'_>) -> Result<&TableRows<'a>, DecodeError> {
        let place = self.places[&Self::key(table)];
        Ok(match &mut self.rows[place] {
            Some(rows) => rows,
            unopened => unopened.insert(TableRows::open(self.tables[place], place)?),
        })
    }
}

/// The days of a segment that a walk did not come to, each with its place in the index; the last comes next.
type DaysLeft = Vec<(Day, usize)>;

/// The newest events of users in some segments, the newest first: those of the last day on which one of them did
/// something, and so on back, until there are enough. A segment is opened when the walk comes to its last day.
fn find_by_day(
    segments: &[&Segment],
    opened: &mut Opened<'_>,
    ids: &RoaringBitmap,
    kept: &mut Kept,
) -> Result<(), DecodeError> {
    let users_at = |index: &UnitDays, place: usize| match ids.len() {
        MANY_USERS.. => Ok(index.units(place)? & ids),
        _ => index.stored_units(place).among(ids),
    };
    let mut unopened = segments.iter().peekable();
    let mut days_left: Vec<(&Segment, UnitDays, DaysLeft)> = Vec::new();
    loop {
        let next = days_left.iter().filter_map(|(.., days)| days.last()).map(|(day, _)| *day).max();
        let is_reached = |segment: &&&Segment| next.is_none_or(|next| next <= Day::of(segment.time_range().1));
        if let Some(segment) = unopened.next_if(is_reached) {
            let index = segment.user_days()?;
            let days = index.days(None, None).map(|(day, _, place)| (day, place)).collect();
            days_left.push((segment, index, days));
            continue;
        }
        let Some(day) = next else { return Ok(()) };
        let (from, to) = (day.start_micros(), day.plus(1).start_micros());
        if oldest(kept).is_some_and(|oldest| to <= oldest.time.micros()) {
            return Ok(());
        }
        for (segment, index, days) in &mut days_left {
            let Some((_, place)) = days.pop_if(|(last, _)| *last == day) else { continue };
            if users_at(index, place)?.is_empty() {
                continue;
            }
            for table in segment.tables() {
                let (first, last) = table.time_range();
                if last.micros() < from || first.micros() >= to {
                    continue;
                }
                let of_table = table.user_days()?;
                let Some((_, _, place)) = of_table.days(Some(day), Some(day.plus(1))).next() else { continue };
                let users = users_at(&of_table, place)?;
                if !users.is_empty() {
                    let rows = opened.rows_of(&table)?;
                    rows.users.visit_rows_of(&users, |of_user| rows.keep_newest(of_user, from, to, kept));
                }
            }
        }
    }
}

/// The events of these rows of a table. Each column is opened once.
fn read_rows(snapshot: &Snapshot, table: Table<'_>, rows: &[usize]) -> Result<Vec<RecentEvent>, DecodeError> {
    let name = snapshot.name(StoredName::Event, table.event().raw())?;
    let (users, times) = (table.users()?, table.times()?);
    let event = |row: &usize| {
        let mut user = [0];
        users.decode(*row..row + 1, &mut user);
        let shown = snapshot.aliases().shown(UserId::new(user[0]));
        Ok(RecentEvent {
            event: name.clone(),
            distinct_id: snapshot.name(StoredName::User, shown.raw())?,
            timestamp: Timestamp::clamped(times.get(*row)).to_string(),
            groups: BTreeMap::new(),
            properties: Properties::new(),
            insert_id: None,
        })
    };
    let mut events = rows.iter().map(event).collect::<Result<Vec<RecentEvent>, DecodeError>>()?;
    for group_type in table.group_types() {
        let Some(column) = table.group(group_type)? else { continue };
        let type_name = snapshot.name(StoredName::GroupType, group_type.raw())?;
        for (event, row) in events.iter_mut().zip(rows) {
            if let Some(key) = column.get(*row).checked_sub(1) {
                let key = snapshot.name(StoredName::GroupKey(group_type.raw()), key)?;
                event.groups.insert(type_name.clone(), key);
            }
        }
    }
    let numbers: Vec<u32> = rows.iter().map(|row| *row as u32).collect();
    for property in table.property_names() {
        let Some(cells) = table.property_cells(property)? else { continue };
        let values = cells.read(&numbers)?;
        let property = snapshot.name(StoredName::Property, property.raw())?;
        for (place, event) in events.iter_mut().enumerate() {
            event.properties.extend(values.get(place).map(|value| (property.clone(), value.clone())));
        }
    }
    if let Some((places, texts)) = table.insert_ids()? {
        for (event, row) in events.iter_mut().zip(rows) {
            if let Ok(place) = usize::try_from(places.get(*row) - 1) {
                event.insert_id = String::from_utf8(texts.get(place)?).ok();
            }
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;
    use crate::model::Event;
    use crate::store::{Environment, FixedEnvironment, Options, Store};
    use std::sync::Arc;

    #[test]
    fn all_ways_find_the_same_events() {
        let environment: Arc<dyn Environment> = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
        let store = Store::open_storage(Arc::new(SimDisk::new()), environment, Options::default()).unwrap();
        // Several segments, late events, equal times, and days on which few did anything. The third is large enough
        // that most of its rows are not among the newest that are listed.
        for part in 0..4i64 {
            let event = |number: i64| {
                let name = ["a", "b", "c"][(number % 3) as usize];
                let day = if number % 11 == 0 { number % 7 } else { 20 + (part + number % 5) };
                let time = day * 86_400_000_000 + (number * 7_777_777 % 1000) * 60_000_000;
                Event::new(format!("u{}", number * 7 % 90), name).unwrap().at(Timestamp::clamped(time)).into()
            };
            store.write((0..if part == 2 { 9000 } else { 60 }).map(event)).unwrap();
            // Few enough segments not to be merged; the rest stays in the log.
            if part < 2 {
                store.seal().unwrap();
            }
        }
        let snapshot = store.snapshot().unwrap();
        let tables = newest_first(&snapshot);
        assert!(tables.len() > 4);
        let segments = segments_newest_first(&snapshot);
        for (step, least) in [(1, RECENT_MAX), (3, RECENT_MAX), (10, 5), (20, 5), (45, 2), (1000, 1)] {
            let ids: RoaringBitmap = (0..snapshot.user_count()).step_by(step).collect();
            let (mut by_user, mut by_day) = (Kept::new(), Kept::new());
            find_by_user(&tables, &ids, &mut by_user).unwrap();
            find_by_day(&segments, &mut Opened::new(&tables), &ids, &mut by_day).unwrap();
            let by_user = in_order(by_user);
            assert!(by_user.len() >= least, "{step}: {}", by_user.len());
            assert_eq!(in_order(by_day), by_user, "{step}");
            let mut of_many = Kept::new();
            find_of_many(&snapshot, &tables, &ids, &mut of_many).unwrap();
            assert_eq!(in_order(of_many), by_user, "{step}");
        }
        // The newest rows settle some segments, and not others.
        let settles = |step: usize| {
            let ids: RoaringBitmap = (0..snapshot.user_count()).step_by(step).collect();
            let found = |segment: &&Segment| {
                find_among_newest(segment, &mut Opened::new(&tables), &ids, &mut Kept::new()).unwrap()
            };
            segments.iter().filter(|segment| found(segment)).count()
        };
        assert!(settles(1) > 0 && settles(45) < segments.len(), "{} {}", settles(1), settles(45));
        let mut of_nobody = Kept::new();
        find_of_many(&snapshot, &tables, &RoaringBitmap::new(), &mut of_nobody).unwrap();
        assert!(of_nobody.is_empty());
    }
}
