//! The properties that events, users or keys have, for suggestions.

use super::columns::{CountedColumn, count_rows};
use super::error::{PageError, damaged};
use super::events::TypeCount;
use super::latest::LatestEvents;
use super::owner::{HOLDERS_MAX, LatestHolders, Owner};
use super::tally::{PropertyTally, ValueCount};
use super::values::Sample;
use crate::codec::DecodeError;
use crate::model::{StoredName, Value};
use crate::segment::Table;
use crate::store::Snapshot;
use hashbrown::HashMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Up to 200,000 events, or 100,000 users or keys: for whoever asks about properties.
    Thorough,
    /// Up to 20,000 events, or 2,000 users or keys: for a page that offers properties beside something else.
    Glance,
}

impl Look {
    /// The most events, unless one day has more.
    fn rows_max(self) -> u64 {
        match self {
            Self::Thorough => 200_000,
            Self::Glance => 20_000,
        }
    }

    /// The most users or keys.
    fn holders_max(self) -> u64 {
        match self {
            Self::Thorough => HOLDERS_MAX,
            Self::Glance => 2_000,
        }
    }
}

/// Most properties of an answer.
const PROPERTIES_MAX: usize = 500;
/// Most different paths into objects.
const PATHS_MAX: usize = 10_000;
/// How deep objects are looked into.
const DEPTH_MAX: usize = 5;
/// Values of a property that are shown.
const VALUES_SHOWN: usize = 3;

/// The properties there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyList {
    /// The most frequent first, then by name.
    pub properties: Vec<ListedProperty>,
    /// What was looked at.
    #[serde(flatten)]
    pub sample: Sample,
}

/// A property with examples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedProperty {
    /// Its name, or a dotted path to a field of one that is an object.
    pub property: String,
    /// How many events, users or keys have it.
    pub count: u64,
    /// The types of its values, the most frequent first.
    pub types: Vec<TypeCount>,
    /// How many different values it has.
    pub distinct: u64,
    /// The most frequent values.
    pub values: Vec<ValueCount>,
}

/// Tallies by name or path.
#[derive(Default)]
struct Tallies {
    named: HashMap<String, PropertyTally>,
    /// Fields of objects.
    inside: HashMap<String, PropertyTally>,
}

impl Tallies {
    fn add(&mut self, name: &str, value: Value, times: u64) {
        if let Value::Object(fields) = &value {
            self.look_into(name, fields, times, 1);
        }
        tally(&mut self.named, name).add(value, times);
    }

    fn look_into(&mut self, path: &str, fields: &BTreeMap<String, Value>, times: u64, depth: usize) {
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let path = format!("{path}.{name}");
            match value {
                Value::Object(fields) if depth < DEPTH_MAX => self.look_into(&path, fields, times, depth + 1),
                Value::Object(_) => {}
                _ if self.inside.len() >= PATHS_MAX && !self.inside.contains_key(&path) => {}
                value => tally(&mut self.inside, &path).add(value.clone(), times),
            }
        }
    }

    fn finish(mut self, sample: Sample) -> PropertyList {
        // A path means the property of that name first.
        self.inside.retain(|path, _| !self.named.contains_key(path));
        let mut all: Vec<(String, PropertyTally)> = self.named.into_iter().chain(self.inside).collect();
        all.sort_unstable_by(|(a, tally), (b, other)| other.count.cmp(&tally.count).then_with(|| a.cmp(b)));
        all.truncate(PROPERTIES_MAX);
        let listed = |(property, tally): (String, PropertyTally)| ListedProperty {
            property,
            count: tally.count,
            types: tally.types(),
            distinct: tally.values.distinct(),
            values: tally.values.most_used(VALUES_SHOWN),
        };
        PropertyList { properties: all.into_iter().map(listed).collect(), sample }
    }
}

fn tally<'t>(tallies: &'t mut HashMap<String, PropertyTally>, name: &str) -> &'t mut PropertyTally {
    tallies.entry_ref(name).or_default()
}

/// The properties that events, users or keys have, with types and values. Where there are very many of these, the
/// latest are looked at, and the answer says how many.
///
/// # Errors
/// When there is no such event or group type, or the store is damaged.
pub fn properties(snapshot: &Snapshot, owner: &Owner, look: Look) -> Result<PropertyList, PageError> {
    let mut tallies = Tallies::default();
    let sample = match owner.holders(snapshot)? {
        Some(holders) => {
            let latest = LatestHolders::with_most(snapshot, holders, look.holders_max())?;
            holders.visit(snapshot, latest.from, None, |_, properties| {
                properties.into_iter().for_each(|(name, value)| tallies.add(&name, value, 1));
                Ok(())
            })?;
            Sample::of_holders(&latest)
        }
        None => {
            let tables = owner.tables(snapshot)?;
            count_events(snapshot, tables, look.rows_max(), &mut tallies).map_err(damaged(snapshot))?
        }
    };
    Ok(tallies.finish(sample))
}

fn count_events(
    snapshot: &Snapshot,
    tables: Vec<Table<'_>>,
    rows_max: u64,
    tallies: &mut Tallies,
) -> Result<Sample, DecodeError> {
    let latest = LatestEvents::new(tables, rows_max)?;
    for table in &latest.tables {
        for name in table.property_names() {
            let Some(cells) = table.property_cells(name)? else { continue };
            let mut column = [CountedColumn::new(cells)?];
            count_rows(*table, &latest, &mut column)?;
            let name = snapshot.name(StoredName::Property, name.raw())?;
            let [column] = column;
            column.visit(|value, count| tallies.add(&name, value, count))?;
        }
    }
    Ok(Sample::of_events(&latest))
}
