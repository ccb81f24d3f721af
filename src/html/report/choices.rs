//! What there is to choose from where a report is put together.

use super::kind::Kind;
use crate::language::CountBy;
use crate::model::Timestamp;
use crate::pages::{self, EventUses, GroupTypes, ListedProperty, Look, Owner, PageError};
use crate::store::Snapshot;
use serde_json::Value;

/// Days over which it is told how events were used.
const DAYS: u32 = 30;

/// See the module.
#[derive(Clone, Debug)]
pub struct Choices {
    /// All events, the most used first.
    pub events: EventUses,
    /// All group types.
    pub types: GroupTypes,
    /// Properties of events, users and each group type.
    pub owners: Vec<Owned>,
    /// All saved cohorts, by name.
    pub cohorts: Vec<NamedCohort>,
}

/// A saved cohort.
#[derive(Clone, Debug)]
pub struct NamedCohort {
    /// Its name.
    pub name: String,
    /// What its members are.
    pub count_by: CountBy,
}

/// The properties of one owner.
#[derive(Clone, Debug)]
pub struct Owned {
    /// Whose they are: JSON as `of` has it; nothing for events.
    pub of: Option<Value>,
    /// Whose they are, in words.
    pub name: String,
    /// The most frequent first.
    pub properties: Vec<ListedProperty>,
}

impl Choices {
    /// Everything there is.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn gather(snapshot: &Snapshot, now: Timestamp) -> Result<Self, PageError> {
        let events = pages::event_uses(snapshot, now, DAYS)?;
        let types = pages::group_types(snapshot)?;
        let named = |name: &str| {
            let count_by = snapshot.cohorts().get(name)?.report.scope().count_by.clone();
            Some(NamedCohort { name: name.to_owned(), count_by })
        };
        let cohorts = snapshot.cohorts().names().filter_map(named).collect();
        Ok(Self { events, types, owners: Vec::new(), cohorts })
    }

    /// With the properties: those of the events that a document names first.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn with_properties(mut self, snapshot: &Snapshot, kind: Kind, document: &Value) -> Result<Self, PageError> {
        let list = |owner: &Owner| pages::properties(snapshot, owner, Look::Glance).map(|list| list.properties);
        let mut of_events: Vec<ListedProperty> = Vec::new();
        for name in self.named(kind, document) {
            for property in list(&Owner::Events(Some(name)))? {
                if of_events.iter().all(|known| known.property != property.property) {
                    of_events.push(property);
                }
            }
        }
        if of_events.is_empty() {
            of_events = list(&Owner::Events(None))?;
        }
        self.owners.push(Owned { of: None, name: "Event".to_owned(), properties: of_events });
        self.owners.push(Owned { of: Some("user".into()), name: "User".to_owned(), properties: list(&Owner::Users)? });
        for row in &self.types.types {
            let of = Some(serde_json::json!({ "group": row.group_type }));
            let properties = list(&Owner::Group(row.group_type.clone()))?;
            self.owners.push(Owned { of, name: row.group_type.clone(), properties });
        }
        Ok(self)
    }

    /// The events that a document names, as far as they are known.
    fn named(&self, kind: Kind, document: &Value) -> Vec<String> {
        let mut names = Vec::new();
        for pointer in kind.slots(document).filled {
            let (events, _) = super::matcher::split(document.pointer(&pointer));
            names.extend(events.into_iter().filter(|name| self.events.events.iter().any(|use_| use_.event == *name)));
        }
        names.dedup();
        names
    }

    /// Properties of events that hold numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        let events = self.owners.iter().filter(|owner| owner.of.is_none()).flat_map(|owner| &owner.properties);
        let holds_numbers =
            |property: &&ListedProperty| property.types.iter().any(|types| types.value_type == "number");
        events.filter(holds_numbers).map(|property| property.property.as_str())
    }
}
