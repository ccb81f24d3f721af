//! `serve`: the HTTP server, set up by flags, the environment and a file.

use super::super::exit::{Exit, Failure};
use super::super::output::Output;
use super::super::text::shown;
use crate::server::limits::{CONNECTIONS_MAX_DEFAULT, REPORT_BYTES_MAX_DEFAULT, REPORT_TIME_MAX_DEFAULT};
use crate::server::{Server, Settings, Workspaces};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where it listens unless told otherwise.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The data directory unless told otherwise.
const DATA_DEFAULT: &str = "./trackcrumb-data";

/// Take events over HTTP, and answer reports
///
/// Each option can also stand in the environment, as `TRACKCRUMB_LISTEN` for `--listen`, or in a TOML file that
/// `--config` names, as `listen = "0.0.0.0:8080"`. A flag wins over the environment, and that over the file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb serve
  trackcrumb key create --kind write && trackcrumb key create --kind read
  trackcrumb serve --listen 0.0.0.0:8080
  trackcrumb serve --host stats.example.com            # behind a proxy on this machine
  trackcrumb serve --config /etc/trackcrumb.toml")]
pub struct Arguments {
    /// A TOML file with the options that are not given otherwise
    #[arg(long, value_name = "FILE", env = "TRACKCRUMB_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// What can be set, under the same names everywhere.
#[derive(Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    /// The data directory [default: ./trackcrumb-data]
    #[arg(long, value_name = "DIR", env = "TRACKCRUMB_DATA", hide_env_values = true)]
    data: Option<PathBuf>,
    /// Where to listen; an address that other machines reach needs keys [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", env = "TRACKCRUMB_LISTEN", hide_env_values = true)]
    listen: Option<SocketAddr>,
    /// Names under which the server is asked, beside those of this machine
    #[arg(long, value_name = "NAME", env = "TRACKCRUMB_HOST", hide_env_values = true, value_delimiter = ',')]
    host: Vec<String>,
    /// The most connections at a time [default: 1024]
    #[arg(long, value_name = "N", env = "TRACKCRUMB_CONNECTIONS", hide_env_values = true)]
    connections: Option<usize>,
    /// The most seconds that a report may take [default: 30]
    #[arg(long, value_name = "SECONDS", env = "TRACKCRUMB_REPORT_SECONDS", hide_env_values = true)]
    report_seconds: Option<u64>,
    /// The most memory that a report may take, in MiB [default: 256]
    #[arg(long, value_name = "MIB", env = "TRACKCRUMB_REPORT_MEMORY", hide_env_values = true)]
    report_memory: Option<u64>,
    /// What to tell on standard error [default: info]
    #[arg(long, value_name = "LEVEL", env = "TRACKCRUMB_LOG", hide_env_values = true)]
    log: Option<Level>,
    /// How to tell it [default: text]
    #[arg(long, value_name = "FORMAT", env = "TRACKCRUMB_LOG_FORMAT", hide_env_values = true)]
    log_format: Option<LogFormat>,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    /// For people
    Text,
    /// One object a line, for programs
    Json,
}

impl Options {
    /// What the file says, read strictly.
    fn read(path: &Path) -> Result<Self, Failure> {
        let input = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::Input { input: format!("the configuration `{input}`"), error })?;
        Self::parse(&text).map_err(|problem| {
            Failure::other(format!("the configuration `{}` cannot be used: {problem}; correct it", shown(&input)))
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!("line {line}: {}", error.message().replace('\n', " "))
        })
    }

    /// These, and from the others what these do not say.
    fn or(self, others: Self) -> Self {
        Self {
            data: self.data.or(others.data),
            listen: self.listen.or(others.listen),
            host: if self.host.is_empty() { others.host } else { self.host },
            connections: self.connections.or(others.connections),
            report_seconds: self.report_seconds.or(others.report_seconds),
            report_memory: self.report_memory.or(others.report_memory),
            log: self.log.or(others.log),
            log_format: self.log_format.or(others.log_format),
        }
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let positive = |name: &str, value: Option<u64>, default: u64| match value {
            Some(0) => Err(Failure::other(format!("`{name}` is 0; set it to at least 1"))),
            value => Ok(value.unwrap_or(default)),
        };
        let connections = self.connections.map(|count| count as u64);
        let mebibyte = 1 << 20;
        Ok(Settings {
            listen: self.listen.unwrap_or(LISTEN_DEFAULT),
            hosts: self.host.clone(),
            connections_max: positive("connections", connections, CONNECTIONS_MAX_DEFAULT as u64)? as usize,
            report_time_max: Duration::from_secs(positive(
                "report-seconds",
                self.report_seconds,
                REPORT_TIME_MAX_DEFAULT.as_secs(),
            )?),
            report_bytes_max: positive("report-memory", self.report_memory, REPORT_BYTES_MAX_DEFAULT / mebibyte)?
                .saturating_mul(mebibyte),
        })
    }

    /// Begins to log. A program that set its own subscriber keeps it.
    fn start_log(&self) {
        let log = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_target(false)
            .with_max_level(tracing::Level::from(self.log.unwrap_or(Level::Info)));
        let _ = match self.log_format.unwrap_or(LogFormat::Text) {
            LogFormat::Text => log.try_init(),
            LogFormat::Json => log.json().flatten_event(true).try_init(),
        };
    }
}

/// Runs the command.
pub fn run(arguments: Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let from_file = arguments.config.as_deref().map(Options::read).transpose()?.unwrap_or_default();
    let options = arguments.options.or(from_file);
    let settings = options.settings()?;
    options.start_log();
    let workspaces = Workspaces::open(options.data.unwrap_or_else(|| DATA_DEFAULT.into()))?;
    let server = Server::bind(workspaces, &settings)?;
    output.print(&format!("http://{}\n", server.address()))?;
    output.finish()?;
    server.run()?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_sets_what_flags_can_set() {
        let options = Options::parse(
            "data = 'd'\nlisten = '0.0.0.0:1'\nhost = ['a', 'b']\nconnections = 2\nreport-seconds = 3\n\
             report-memory = 4\nlog = 'warn'\nlog-format = 'json'\n",
        );
        let options = options.unwrap();
        let expected = Options {
            data: Some("d".into()),
            listen: Some("0.0.0.0:1".parse().unwrap()),
            host: vec!["a".into(), "b".into()],
            connections: Some(2),
            report_seconds: Some(3),
            report_memory: Some(4),
            log: Some(Level::Warn),
            log_format: Some(LogFormat::Json),
        };
        assert_eq!(options, expected);
        let settings = options.settings().unwrap();
        assert_eq!((settings.report_time_max, settings.report_bytes_max), (Duration::from_secs(3), 4 << 20));
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let flags = Options { connections: Some(7), ..Options::default() };
        let options = flags.or(Options::parse("connections = 2\nreport-seconds = 3").unwrap());
        assert_eq!((options.connections, options.report_seconds), (Some(7), Some(3)));
    }

    #[test]
    fn the_example_for_a_service_can_be_read() {
        let text = include_str!("../../../examples/running/trackcrumb.toml");
        let options = Options::parse(text).unwrap();
        assert_eq!(
            (options.host.as_slice(), options.settings().is_ok()),
            (&["stats.example.com".to_owned()][..], true)
        );
    }

    #[test]
    fn what_a_file_gets_wrong_is_said_with_its_line() {
        for (text, problem) in [
            ("\nlissten = '1'", "line 2: unknown field `lissten`"),
            ("listen = 1", "line 1: "),
            ("connections = 1\nconnections = 2", "line 2: duplicate key"),
            ("log = 'loud'", "line 1: "),
        ] {
            let error = Options::parse(text).unwrap_err();
            assert!(error.starts_with(problem), "{error}");
        }
        assert!(Options::parse("connections = 0").unwrap().settings().is_err());
    }
}
