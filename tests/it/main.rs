//! All integration tests, in one binary.
#![expect(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[cfg(feature = "cli")]
mod cli;
#[cfg(all(feature = "client", feature = "server"))]
mod client;
mod event_uses;
mod export;
mod faults;
mod generate;
mod golden;
mod histories;
mod home;
#[cfg(feature = "server")]
mod http;
mod layers;
mod lists;
mod maintenance;
mod naive;
mod pages;
mod reports;
mod saved;
mod suggestions;
mod support;
