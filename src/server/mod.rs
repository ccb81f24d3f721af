//! The HTTP server: takes what applications send, answers reports and serves pages, for all workspaces of a data
//! directory.
//!
//! Invariants:
//! - 200 for what was sent means that it is durable.
//! - Everything that waits has a limit, and memory depends on the limits and not on clients ([`limits`]).
//! - Nothing is answered before the request was found to be allowed: by key, or on this machine by Host and Origin.
//! - What blocks runs on threads of its own, never on those that serve connections.
//! - After a failed sync nothing more is acknowledged, and the process ends.

mod access;
mod app;
mod asset;
mod batch;
mod body;
mod connection;
mod endpoint;
mod home;
mod keys;
pub mod limits;
mod lists;
mod metrics;
mod observe;
mod openapi;
mod problem;
mod read;
mod receive;
mod reference;
mod saved;
mod sdk;
mod serve;
mod settings;
mod site;
mod state;
mod suggest;
mod workers;
mod workspaces;

pub use keys::{KEYS, KeyEntry, KeyError, KeyKind, Keys, create_key, revoke_key};
pub use serve::{ServeError, Server, Settings, Stopper};
pub use workspaces::Workspaces;
