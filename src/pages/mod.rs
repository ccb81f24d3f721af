//! What people look up beside reports: group types and keys, the profile of a key, a user, the events there are.
//!
//! Profiles show what their members did, whatever groups each event carries.

mod columns;
mod error;
mod event_use;
mod events;
mod feed;
mod groups;
mod holders;
mod latest;
mod list;
mod owner;
mod profile;
mod properties;
mod recent;
mod seen;
mod tally;
mod user;
mod users;
mod values;

pub use error::PageError;
pub use event_use::{EventUse, EventUses, GroupUse, Warning, event_uses};
pub use events::{EventPage, EventSummary, Events, PropertySummary, TypeCount, event, events};
pub use feed::{Feed, feed};
pub use groups::{
    DeclaredType, DeclaredTypes, GroupRow, GroupTypeRow, GroupTypes, Groups, GroupsQuery, declared_types, group_list,
    group_types, groups,
};
pub use list::{ListPage, ListQuery, Sort};
pub use owner::Owner;
pub use profile::{GroupProfile, ProfileVersion, group};
pub use properties::{ListedProperty, Look, PropertyList, properties};
pub use recent::RecentEvent;
pub use tally::ValueCount;
pub use user::{UserProfile, user};
pub use users::{UserRow, user_list};
pub use values::{Sample, Values, ValuesQuery, values};
