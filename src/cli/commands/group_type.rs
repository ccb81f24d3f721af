//! `group-type`: which group types there are, and what the workspace was told about them.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::shown;
use crate::model::{DisplayName, GroupType, NameError};
use crate::pages::{self, DeclaredTypes};
use clap::{Args, Subcommand, ValueEnum};

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
            output.show(&pages::declared_types(reader.snapshot())?)?;
        }
        Action::Declare { group_type, name } => {
            let refused = |error: NameError| Failure::other(error.to_string());
            let name = DisplayName::new(name.as_deref().unwrap_or(group_type)).map_err(refused)?;
            let group_type = GroupType::new(group_type).map_err(refused)?;
            let store = arguments.data.open(output)?;
            store.declare_group_type(&group_type, name.as_str())?;
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

impl Show for DeclaredTypes {
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
