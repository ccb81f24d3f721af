//! Properties of users and group keys, versioned by time; who belongs to which key; aliases; saved cohorts.
//! Layout of a part: `format-spec/profiles.md`.
//!
//! Invariants:
//! - Calls are kept whole. What a property is "now" or "as of" a moment is always the fold of the calls up to it in
//!   the order of (timestamp, arrival), so a late call changes the past and not the present.
//! - Parts are immutable; a reader merges the parts of its snapshot.

mod aliases;
mod arrivals;
mod associations;
mod builder;
mod changes;
mod current;
mod erase;
mod history;
mod part;
mod verify;
mod view;

pub use aliases::Aliases;
pub use arrivals::{ArrivedCall, CallLimits, CallWindow};
pub use builder::ProfilesBuilder;
pub use changes::{Change, PropertyChanges, Said};
pub use erase::ProfilesTouched;
pub use history::KeyHistory;
pub use part::{Association, Call, ProfilesPart, SavedCohort, StoredAlias};
pub use verify::PartExtent;
pub use view::{Profiles, Version, fold};
