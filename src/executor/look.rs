//! Which rows a part of a report asks for.

use crate::codec::DecodeError;
use crate::language::{Events, Filter, Matcher, ResolvedRange};
use crate::model::EventId;
use crate::segment::{Segment, Table};
use crate::store::Snapshot;

/// Events by name, as ids. Names that never occurred have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Every event.
    Any,
    /// These, ascending.
    Ids(Vec<EventId>),
}

/// Rows of some events, in a range of time, that pass a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Which events.
    pub events: Named,
    /// Which of them; `None` is all.
    pub filter: Option<Filter>,
    /// From when to when.
    pub range: ResolvedRange,
}

impl Look {
    /// The events that a matcher asks for among those the report sees.
    ///
    /// # Errors
    /// When the dictionary is damaged.
    pub fn new(
        snapshot: &Snapshot,
        matcher: &Matcher,
        seen: Option<&Filter>,
        range: ResolvedRange,
    ) -> Result<Self, DecodeError> {
        let events = match &matcher.events {
            Events::Any => Named::Any,
            Events::Named(names) => {
                let mut ids = Vec::with_capacity(names.len());
                for name in names {
                    ids.extend(snapshot.event(name)?);
                }
                ids.sort_unstable();
                Named::Ids(ids)
            }
        };
        let filters: Vec<Filter> = seen.into_iter().chain(&matcher.filter).cloned().collect();
        let filter = match filters.len() {
            0 => None,
            1 => filters.into_iter().next(),
            _ => Some(Filter::All(filters)),
        };
        Ok(Self { events, filter, range })
    }

    /// The same rows in another range.
    #[must_use]
    pub fn within(&self, range: ResolvedRange) -> Self {
        Self { range, ..self.clone() }
    }

    /// Whether the rows of an event are asked for.
    pub fn names(&self, event: EventId) -> bool {
        match &self.events {
            Named::Any => true,
            Named::Ids(ids) => ids.binary_search(&event).is_ok(),
        }
    }

    /// The tables of a segment that are asked for.
    pub fn tables<'s>(&self, segment: &'s Segment) -> Vec<Table<'s>> {
        match &self.events {
            Named::Any => segment.tables().collect(),
            Named::Ids(ids) => ids.iter().filter_map(|id| segment.table(*id)).collect(),
        }
    }
}
