//! `key`: the keys that clients send.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use crate::files::DiskStorage;
use crate::server::{KeyEntry, KeyKind, Keys, create_key, revoke_key};
use crate::store::{Environment, StoreError, StoreReader, SystemEnvironment};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

/// Make, list and revoke the keys that a server asks for
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb key create --kind write --name shop
  trackcrumb key list
  trackcrumb key revoke 1f3a5b7c")]
pub struct Arguments {
    #[command(subcommand)]
    command: KeyCommand,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key; it is shown this once
    #[command(after_help = "Example:\n  trackcrumb key create --kind write --name shop")]
    Create {
        /// What it allows
        #[arg(long)]
        kind: Allowed,
        /// What it is for
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the keys, without what is secret of them
    #[command(after_help = "Example:\n  trackcrumb key list")]
    List,
    /// Take a key back; a server that runs notices within a second
    #[command(after_help = "Example:\n  trackcrumb key revoke 1f3a5b7c")]
    Revoke {
        /// The id that `key list` shows
        id: String,
    },
}

/// What a key allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Allowed {
    /// Sending, and nothing else: may be public
    Write,
    /// Everything else: to be kept secret
    Read,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    match &arguments.command {
        KeyCommand::Create { kind, name } => {
            let storage = made(&arguments.data, output)?;
            let kind = match kind {
                Allowed::Write => KeyKind::Write,
                Allowed::Read => KeyKind::Read,
            };
            let (entry, secret) = create_key(&storage, kind, name, SystemEnvironment.now())?;
            output.show(&Created { entry, secret })?;
        }
        KeyCommand::List => {
            let keys = Keys::read(&arguments.data.storage()?)?;
            output.show(&Listed(keys.entries().to_vec()))?;
        }
        KeyCommand::Revoke { id } => {
            let entry = revoke_key(&arguments.data.storage()?, id)?;
            output.show(&Listed(vec![entry]))?;
        }
    }
    Ok(Exit::Done)
}

/// The directory of the store, which is made where there is none: keys alone would make it look like another's.
fn made(data: &DataArg, output: &mut Output) -> Result<DiskStorage, Failure> {
    match StoreReader::open(data.directory()?) {
        Err(StoreError::Absent { .. }) => super::super::data::close(data.open(output)?)?,
        opened => drop(opened?),
    }
    data.storage()
}

/// A key just made.
struct Created {
    entry: KeyEntry,
    secret: String,
}

fn entry_json(entry: &KeyEntry) -> Value {
    json!({ "id": entry.id, "kind": entry.kind.name(), "name": entry.name, "created": entry.created })
}

const COLUMNS: [(&str, Kind); 4] =
    [("id", Kind::Text), ("kind", Kind::Text), ("name", Kind::Text), ("created", Kind::Text)];

fn cells(entry: &KeyEntry) -> [Value; 4] {
    [entry.id.as_str(), entry.kind.name(), &entry.name, &entry.created].map(Value::from)
}

impl Show for Created {
    fn to_json(&self) -> String {
        let mut json = entry_json(&self.entry);
        json["key"] = self.secret.as_str().into();
        json.to_string()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new(COLUMNS.into_iter().chain([("key", Kind::Text)]));
        rows.push(cells(&self.entry).into_iter().chain([self.secret.as_str().into()]));
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        format!("{}\nIt is not shown again; its id is {}.\n", canvas.bold(&self.secret), self.entry.id)
    }
}

/// Keys without what is secret of them.
struct Listed(Vec<KeyEntry>);

impl Show for Listed {
    fn to_json(&self) -> String {
        json!({ "keys": self.0.iter().map(entry_json).collect::<Vec<_>>() }).to_string()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new(COLUMNS);
        self.0.iter().for_each(|entry| rows.push(cells(entry)));
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        if self.0.is_empty() { "There are no keys yet.\n".to_owned() } else { self.to_rows().to_table(canvas) }
    }
}
