//! A product-analytics store: events of users and of the groups they act for, and exact answers about both.
//!
//! [`Store`] opens a directory and takes batches of lines ([`Event`], [`model::IdentifyCall`], [`model::GroupCall`],
//! [`model::AliasCall`]); [`Tracker`] does so for one user and keeps the group context; [`reports::run`] answers
//! documents of the [report language](language) over a [`Snapshot`](store::Snapshot). With the feature `client`, the
//! module `client` sends the same calls to a server.
//!
//! ```
//! use trackcrumb::language::Funnel;
//! use trackcrumb::model::Timestamp;
//! use trackcrumb::{Store, Tracker, reports};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let store = Store::open(directory.path())?;
//! let mut ann = Tracker::new(store.clone(), "ann")?;
//! ann.group("company", "acme-corp", [("plan", "enterprise")])?;
//! ann.track("signed_up", [("source", "ad")])?;
//! ann.track("project_created", [("template", "blank")])?;
//!
//! let now = Timestamp::parse("2027-01-01T00:00:00Z")?;
//! let report = Funnel::new("2020-01-01", "9999-01-01").step("signed_up").step("project_created").build()?;
//! let answer = reports::run(&store.snapshot()?, &report, now)?;
//! assert_eq!(answer.to_json()["steps"][1]["count"], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Code map
//!
//! Modules by floor; each imports only floors below it (a test checks it). `ARCHITECTURE.md` says more.
//!
//! | floor | module | owns |
//! |---|---|---|
//! | 0 | [`model`] | events, calls, values, ids, limits |
//! | 0 | `figure` | numbers, durations and lengths as people read them |
//! | 1 | [`codec`] | bytes and back: cursors, packed integers, text lists, containers |
//! | 1 | [`files`] | the storage trait, the disk, and a simulated disk that fails on request |
//! | 1 | [`input`] | input lines to and from the model; refusals |
//! | 1 | [`language`] | report documents as types, and their calendar |
//! | 2 | [`log`] | frames, batches, records, the torn-tail rule |
//! | 2 | [`dictionary`] | names and dense ids |
//! | 2 | [`profiles`] | versioned properties, associations, aliases, saved cohorts |
//! | 2 | [`index`] | unit bitmaps per event and day, row bitmaps per group key |
//! | 2 | `helpers` | the threads that share large work |
//! | 2 | [`saved`] | saved reports and dashboards |
//! | 3 | [`segment`] | immutable columnar tables, one per event name |
//! | 4 | [`store`] | manifest, recovery, group commit, sealing, snapshots |
//! | 5 | [`executor`] | scans, filters, bitmaps, measures, funnels |
//! | 5 | [`pages`] | group pages and profiles, users, events |
//! | 5 | [`tracker`] | one user's calls with group context, into a store or to a server |
//! | 5 | [`workspace`] | the workspaces of one data directory, each a store |
//! | 6 | `client` | the client of a server, for applications |
//! | 6 | [`reports`] | one file per report: from document to answer |
//! | 7 | `html` | pages as HTML, made from typed answers |
//! | 7 | [`docs`] | what the reports mean, with examples that are run |
//! | 8 | `server` | HTTP: takes what applications send, answers reports, serves pages |

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
pub mod codec;
pub mod demo;
pub mod dictionary;
pub mod docs;
pub mod executor;
#[cfg(feature = "cli")]
mod figure;
pub mod files;
mod helpers;
#[cfg(feature = "server")]
#[doc(hidden)]
pub mod html;
pub mod index;
pub mod input;
pub mod language;
pub mod log;
pub mod model;
pub mod pages;
#[cfg(test)]
mod processor;
pub mod profiles;
pub mod reports;
pub mod saved;
pub mod segment;
#[cfg(feature = "server")]
pub mod server;
pub mod store;
#[doc(hidden)]
pub mod testkit;
pub mod tracker;
pub mod workspace;

pub use model::{Event, Line};
pub use store::{Store, StoreReader};
pub use tracker::Tracker;
