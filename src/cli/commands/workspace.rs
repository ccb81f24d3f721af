//! `workspace`: the workspaces of the data directory.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use crate::store::{StoreError, StoreReader};
use crate::workspace::{self, WorkspaceName};
use clap::{Args, Subcommand};
use serde::Serialize;

/// Make and list workspaces, and set their time zones
///
/// Group types, keys, users and events belong to exactly one workspace. `default` is there from the start; other
/// commands choose one with `--workspace NAME`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb workspace create acme-eu --timezone Europe/Berlin
  trackcrumb workspace list
  trackcrumb import --workspace acme-eu events.ndjson")]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a workspace; a server that runs notices within seconds
    #[command(after_help = "Example:\n  trackcrumb workspace create acme-eu --timezone Europe/Berlin")]
    Create {
        /// Its name: of a-z, 0-9, - and _
        name: WorkspaceName,
        /// The time zone of its days, for reports that name none
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        timezone: String,
    },
    /// List the workspaces
    #[command(after_help = "Example:\n  trackcrumb workspace list")]
    List,
    /// Set the time zone of a workspace, for reports that name none
    #[command(after_help = "Example:\n  trackcrumb workspace timezone Europe/Berlin --workspace acme-eu")]
    Timezone {
        /// The time zone, as the IANA database names it
        zone: String,
    },
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let data = &arguments.data;
    match &arguments.action {
        Action::Create { name, timezone } => {
            // Where there is no store yet, the data directory is made first, with its `default`.
            match StoreReader::open(&data.data) {
                Err(StoreError::Absent { .. }) => close(crate::Store::open(&data.data)?)?,
                opened => drop(opened?),
            }
            workspace::create(&data.data, name, |store| store.set_timezone(timezone))?;
        }
        Action::List => output.show(&Workspaces::of(data)?)?,
        Action::Timezone { zone } => {
            let store = data.open_existing(output)?;
            store.set_timezone(zone)?;
            close(store)?;
        }
    }
    Ok(Exit::Done)
}

/// The list of workspaces.
#[derive(Serialize)]
struct Workspaces {
    workspaces: Vec<WorkspaceRow>,
}

#[derive(Serialize)]
struct WorkspaceRow {
    workspace: String,
    timezone: String,
    users: u32,
    directory: String,
}

impl Workspaces {
    fn of(data: &DataArg) -> Result<Self, Failure> {
        let mut workspaces = Vec::new();
        for name in workspace::list(&data.data)? {
            let directory = name.directory(&data.data);
            let reader = StoreReader::open(&directory)?;
            workspaces.push(WorkspaceRow {
                workspace: name.to_string(),
                timezone: reader.snapshot().settings().timezone.clone(),
                users: reader.snapshot().user_count(),
                directory: directory.display().to_string(),
            });
        }
        Ok(Self { workspaces })
    }
}

impl Show for Workspaces {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let text = |name| (name, Kind::Text);
        let mut rows = Rows::new([text("workspace"), text("timezone"), ("users", Kind::Number), text("directory")]);
        for row in &self.workspaces {
            rows.push([
                row.workspace.as_str().into(),
                row.timezone.as_str().into(),
                row.users.into(),
                row.directory.as_str().into(),
            ]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        self.to_rows().to_table(canvas)
    }
}
