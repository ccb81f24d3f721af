//! `serve`: the HTTP server.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::output::Output;
use crate::files::DiskStorage;
use crate::server::limits::{CONNECTIONS_MAX_DEFAULT, REPORT_TIME_MAX_DEFAULT};
use crate::server::{Server, Settings};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Take events over HTTP, and answer reports
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb serve
  trackcrumb key create --kind write && trackcrumb key create --kind read
  trackcrumb serve --listen 0.0.0.0:8080")]
pub struct Arguments {
    /// Where to listen; an address that other machines reach needs keys
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A name under which the server may be asked while it needs no keys, beside those of this machine
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// The most connections at a time
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS_MAX_DEFAULT, value_parser = super::at_least_one)]
    connections: usize,
    /// The most seconds that a report may take
    #[arg(long, value_name = "SECONDS", default_value_t = REPORT_TIME_MAX_DEFAULT.as_secs())]
    report_seconds: u64,
    /// What to tell on standard error
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: Level,
    #[command(flatten)]
    data: DataArg,
}

/// How much is told.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    /// What failed
    Error,
    /// What may need somebody
    Warn,
    /// Start and stop too
    Info,
    /// Each request
    Debug,
}

impl From<Level> for tracing::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    // A program that set its own subscriber keeps it.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::from(arguments.log))
        .try_init();
    let store = arguments.data.open(output)?;
    let keys = Arc::new(DiskStorage::open(&arguments.data.data).map_err(crate::store::StoreError::from)?);
    let settings = Settings {
        listen: arguments.listen,
        hosts: arguments.hosts.clone(),
        connections_max: arguments.connections,
        report_time_max: Duration::from_secs(arguments.report_seconds),
    };
    let server = Server::bind(store, keys, settings)?;
    output.print(&format!("http://{}\n", server.address()))?;
    output.finish()?;
    server.run()?;
    Ok(Exit::Done)
}
