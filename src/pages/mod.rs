//! What people look up beside reports: group types and keys, the profile of a key, a user, the events there are.
//!
//! Profiles show what their members did, whatever groups each event carries.

mod error;
mod events;
mod groups;
mod profile;
mod recent;
mod user;

pub use error::PageError;
pub use events::{EventPage, EventSummary, Events, PropertySummary, TypeCount, event, events};
pub use groups::{GroupRow, GroupTypeRow, GroupTypes, Groups, GroupsQuery, group_types, groups};
pub use profile::{GroupProfile, ProfileVersion, group};
pub use recent::RecentEvent;
pub use user::{UserProfile, user};
