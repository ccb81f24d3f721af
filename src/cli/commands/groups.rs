//! `groups`: the group types, or the keys of one.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::cut;
use super::summary;
use crate::pages::{self, GroupTypes, Groups, GroupsQuery};
use clap::Args;

/// List the group types, or the keys of one, last updated first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb groups
  trackcrumb groups company --search acme --limit 20
  trackcrumb groups company --cursor '1767434400000000~acme-corp'")]
pub struct Arguments {
    /// The group type; all types when left out
    #[arg(value_name = "TYPE")]
    group_type: Option<String>,
    /// Only keys that contain this text, or have a property that does
    #[arg(long, requires = "group_type")]
    search: Option<String>,
    /// The most rows to print
    #[arg(long, default_value_t = 50, requires = "group_type", value_parser = super::at_least_one)]
    limit: usize,
    /// The `next_cursor` of the page before
    #[arg(long, requires = "group_type")]
    cursor: Option<String>,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let reader = arguments.data.read(output)?;
    match &arguments.group_type {
        None => output.show(&pages::group_types(reader.snapshot())?)?,
        Some(group_type) => {
            let query = GroupsQuery {
                search: arguments.search.clone(),
                limit: arguments.limit,
                cursor: arguments.cursor.clone(),
            };
            output.show(&pages::groups(reader.snapshot(), group_type, &query)?)?;
        }
    }
    Ok(Exit::Done)
}

impl Show for GroupTypes {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([("type", Kind::Text), ("keys", Kind::Number)]);
        for row in &self.types {
            rows.push([row.group_type.as_str().into(), row.keys.into()]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        if self.types.is_empty() {
            "There are no group types yet.\n".to_owned()
        } else {
            self.to_rows().to_table(canvas)
        }
    }
}

impl Show for Groups {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let columns =
            [("type", Kind::Text), ("key", Kind::Text), ("properties", Kind::Text), ("last_updated", Kind::Text)];
        let mut rows = Rows::new(columns);
        for row in &self.rows {
            rows.push([
                row.group_type.as_str().into(),
                row.key.as_str().into(),
                serde_json::to_value(&row.properties).unwrap_or_default(),
                row.last_updated.as_deref().into(),
            ]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        if self.rows.is_empty() {
            return "No key matches.\n".to_owned();
        }
        let columns =
            [("type", Kind::Text), ("key", Kind::Text), ("properties", Kind::Text), ("last_updated", Kind::Text)];
        let mut rows = Rows::new(columns);
        for row in &self.rows {
            let updated = row.last_updated.as_deref().unwrap_or("never, only seen on events");
            rows.push([
                row.group_type.as_str().into(),
                row.key.as_str().into(),
                cut(&summary(&row.properties), 60).into(),
                updated.into(),
            ]);
        }
        let mut table = rows.to_table(canvas);
        if let Some(cursor) = &self.next_cursor {
            let more = format!("More with --cursor '{}'", super::super::text::shown(cursor));
            table += &format!("\n{}\n", canvas.dim(&more));
        }
        table
    }
}
