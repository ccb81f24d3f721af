//! `group-type`: which group types there are, and what the workspace was told about them.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::shown;
use crate::model::limits::DISPLAY_NAME_BYTES_MAX;
use crate::model::{GroupType, StoredName};
use crate::store::{Snapshot, StoreError};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

/// List group types, declare one, or take declared ones only
///
/// A group type comes into being by use. Declaring it gives it a name for people; with `only-declared on` any other
/// type is refused, so that a typo is an error and not a type.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb group-type list
  trackcrumb group-type declare company --name Companies
  trackcrumb group-type only-declared on")]
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
    /// List the group types with their numbers of keys
    #[command(after_help = "Example:\n  trackcrumb group-type list --format csv")]
    List,
    /// Declare a group type, used or not, or change its name
    #[command(after_help = "Example:\n  trackcrumb group-type declare company --name Companies")]
    Declare {
        /// The group type, as events name it
        group_type: String,
        /// Its name for people; the group type itself when left out
        #[arg(long)]
        name: Option<String>,
    },
    /// Refuse undeclared group types from now on, or take them again
    #[command(after_help = "Example:\n  trackcrumb group-type only-declared on")]
    OnlyDeclared {
        /// Whether undeclared types are refused
        switch: Switch,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    match &arguments.action {
        Action::List => {
            let reader = arguments.data.read(output)?;
            let types = GroupTypes::of(reader.snapshot())?;
            output.show(&types)?;
        }
        Action::Declare { group_type, name } => {
            let name = name.as_deref().unwrap_or(group_type);
            check_display_name(name)?;
            let group_type = GroupType::new(group_type).map_err(|error| Failure::other(error.to_string()))?;
            let store = arguments.data.open(output)?;
            store.declare_group_type(&group_type, name)?;
            close(store)?;
        }
        Action::OnlyDeclared { switch } => {
            let store = arguments.data.open(output)?;
            store.set_only_declared(matches!(switch, Switch::On))?;
            close(store)?;
        }
    }
    Ok(Exit::Done)
}

fn check_display_name(name: &str) -> Result<(), Failure> {
    if name.chars().all(char::is_whitespace) {
        return Err(Failure::other(format!("the name is blank; give it 1 to {DISPLAY_NAME_BYTES_MAX} bytes")));
    }
    if name.len() > DISPLAY_NAME_BYTES_MAX {
        let length = name.len();
        return Err(Failure::other(format!(
            "the name has {length} bytes; at most {DISPLAY_NAME_BYTES_MAX} are allowed"
        )));
    }
    Ok(())
}

/// The list of group types.
#[derive(Serialize)]
struct GroupTypes {
    types: Vec<GroupTypeRow>,
    only_declared: bool,
}

#[derive(Serialize)]
struct GroupTypeRow {
    #[serde(rename = "type")]
    group_type: String,
    /// The name for people; `None` when it is not declared.
    name: Option<String>,
    declared: bool,
    keys: u64,
}

impl GroupTypes {
    fn of(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let settings = snapshot.settings();
        let damaged = |damage| StoreError::Damaged { location: snapshot.location().to_owned(), damage };
        let row = |id: crate::model::GroupTypeId| {
            let name = settings.display_name(id).map(str::to_owned);
            let group_type = snapshot.name(StoredName::GroupType, id.raw()).map_err(damaged)?;
            let keys = snapshot.keys(id).map_err(damaged)?.len();
            Ok(GroupTypeRow { group_type, declared: name.is_some(), name, keys })
        };
        let mut types = snapshot.group_types().map(row).collect::<Result<Vec<_>, StoreError>>()?;
        types.sort_by(|a, b| a.group_type.cmp(&b.group_type));
        Ok(Self { types, only_declared: settings.only_declared })
    }
}

impl Show for GroupTypes {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let mut rows =
            Rows::new([("type", Kind::Text), ("name", Kind::Text), ("declared", Kind::Text), ("keys", Kind::Number)]);
        for row in &self.types {
            rows.push([
                row.group_type.as_str().into(),
                row.name.as_deref().into(),
                row.declared.into(),
                row.keys.into(),
            ]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let rule = if self.only_declared { "Only declared group types are taken." } else { "Any group type is taken." };
        let rows = self.to_rows();
        let table = if rows.is_empty() { "There are no group types yet.\n".to_owned() } else { rows.to_table(canvas) };
        format!("{table}\n{}\n", canvas.dim(&shown(rule)))
    }
}
