//! Pages as HTML, made from typed answers. Knows nothing of HTTP but the addresses that pages link to.
//!
//! Invariants:
//! - Text of whoever sends events reaches a page as text: [`maud`] escapes it, and no script puts it in as markup.
//! - No style and no script stands in a page; what sets sizes and colours are classes and SVG attributes.
//! - A link goes through [`Visit::to`], which keeps the workspace, or through [`Address`], which escapes.
//! - Everything but charts works without scripts.

mod address;
pub mod asset;
mod confirm;
mod counted;
mod dashboards;
mod event;
mod events;
mod facts;
mod feed;
mod frame;
mod groups;
mod headline;
mod home;
mod icon;
mod latest;
mod licenses;
mod list;
mod login;
pub mod menu;
mod moment;
mod plot;
mod problem;
mod profile;
mod properties;
pub mod report;
mod settings;
mod snippet;
mod start;
mod state;
pub mod table;
mod user;
mod users;
mod visit;

pub use address::Address;
pub use confirm::{Confirm, confirm};
pub use counted::Counted;
pub use dashboards::{DashboardPage, TileCard, dashboard, dashboards, tile};
pub use event::{EventDetail, event};
pub use events::{DAYS, EventsList, events};
pub use frame::Frame;
pub use groups::{GroupsList, groups, groups_empty};
pub use home::{FEED, HomePage, home};
pub use latest::{LATEST, Latest};
pub use licenses::licenses;
pub use list::{ROWS, filtered};
pub use login::{Login, login};
pub use problem::problem;
pub use profile::{MEMBERS, Profile, activity, profile};
pub use settings::{KeyRow, MadeKey, SettingsPage, settings};
pub use start::{Start, start};
pub use user::user;
pub use users::users;
pub use visit::Visit;
