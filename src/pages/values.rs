//! The values of one property, for suggestions.

use super::columns::{CountedColumn, count_rows};
use super::error::{PageError, damaged};
use super::holders::properties_of;
use super::latest::LatestEvents;
use super::owner::{LatestHolders, Owner};
use super::tally::{Tally, ValueCount};
use crate::codec::DecodeError;
use crate::model::Value;
use crate::model::value::lookup_path;
use crate::segment::Table;
use crate::store::Snapshot;
use serde::Serialize;

/// Most events that are looked at, unless one day has more.
const ROWS_MAX: u64 = 1_000_000;

/// Which values are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesQuery {
    /// Whose property.
    pub owner: Owner,
    /// Its dotted path.
    pub property: String,
    /// Only values that contain this text, in any case.
    pub search: Option<String>,
    /// The most values.
    pub limit: usize,
}

/// The values of a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// The most frequent first, then in the order of values.
    pub values: Vec<ValueCount>,
    /// How many values there are that the search finds.
    pub distinct: u64,
    /// What was looked at.
    #[serde(flatten)]
    pub sample: Sample,
}

/// What was looked at, where looking at everything would take long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// How many events, users or keys were looked at: the latest.
    pub counted: u64,
    /// How many there are.
    pub of: u64,
    /// When fewer events than all were looked at: those since then, RFC 3339.
    pub since: Option<String>,
}

impl Sample {
    pub(super) fn of_events(latest: &LatestEvents<'_>) -> Self {
        Self { counted: latest.counted, of: latest.of, since: latest.since().map(|time| time.to_string()) }
    }

    pub(super) fn of_holders(latest: &LatestHolders) -> Self {
        Self { counted: latest.counted, of: latest.of, since: None }
    }
}

/// The values of a property, with how many events, users or keys have each. Where there are very many of these, the
/// latest are looked at, and the answer says how many.
///
/// # Errors
/// When there is no such event or group type, or the store is damaged.
pub fn values(snapshot: &Snapshot, query: &ValuesQuery) -> Result<Values, PageError> {
    let mut tally = Tally::default();
    let sample = match query.owner.holders(snapshot)? {
        Some(holders) => {
            let latest = LatestHolders::new(snapshot, holders)?;
            let names: Vec<&str> = properties_of(&query.property).collect();
            holders.visit(snapshot, latest.from, Some(&names), |_, properties| {
                if let Some(value) = lookup_path(&properties, &query.property) {
                    tally.add(value.clone(), 1);
                }
                Ok(())
            })?;
            Sample::of_holders(&latest)
        }
        None => {
            let tables = query.owner.tables(snapshot)?;
            count_events(snapshot, tables, &query.property, ROWS_MAX, &mut tally).map_err(damaged(snapshot))?
        }
    };
    if let Some(text) = query.search.as_deref().filter(|text| !text.is_empty()) {
        tally.search(text);
    }
    Ok(Values { distinct: tally.distinct(), values: tally.most_used(query.limit), sample })
}

fn count_events(
    snapshot: &Snapshot,
    tables: Vec<Table<'_>>,
    path: &str,
    rows_max: u64,
    tally: &mut Tally,
) -> Result<Sample, DecodeError> {
    let latest = LatestEvents::new(tables, rows_max)?;
    // The whole path may be the name of a property, or its first part that of one with objects.
    let mut places = vec![(path, None)];
    places.extend(path.split_once('.').map(|(head, rest)| (head, Some(rest))));
    for table in &latest.tables {
        let (mut columns, mut rests) = (Vec::new(), Vec::new());
        for (name, rest) in &places {
            let Some(name) = snapshot.property(name)? else { continue };
            if let Some(cells) = table.property_cells(name)? {
                columns.push(CountedColumn::new(cells)?);
                rests.push(*rest);
            }
        }
        if columns.is_empty() {
            continue;
        }
        count_rows(*table, &latest, &mut columns)?;
        for (column, rest) in columns.into_iter().zip(rests) {
            column.visit(|value, count| match (value, rest) {
                (value, None) => tally.add(value, count),
                (Value::Object(fields), Some(rest)) => {
                    if let Some(value) = lookup_path(&fields, rest) {
                        tally.add(value.clone(), count);
                    }
                }
                _ => {}
            })?;
        }
    }
    Ok(Sample::of_events(&latest))
}
