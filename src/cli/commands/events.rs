//! `events`: the event names, or the properties of one.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::{counted, shown};
use crate::pages::{self, EventPage, Events};
use clap::Args;

/// List the event names with counts, or the properties of one
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  trackcrumb events\n  trackcrumb events --name feature_used")]
pub struct Arguments {
    /// Show the properties of this event, and their types
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let reader = arguments.data.read(output)?;
    match &arguments.name {
        None => output.show(&pages::events(reader.snapshot())?)?,
        Some(name) => output.show(&pages::event(reader.snapshot(), name)?)?,
    }
    Ok(Exit::Done)
}

impl Show for Events {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let columns =
            [("event", Kind::Text), ("count", Kind::Number), ("first_seen", Kind::Text), ("last_seen", Kind::Text)];
        let mut rows = Rows::new(columns);
        for event in &self.events {
            rows.push([
                event.event.as_str().into(),
                event.count.into(),
                event.first_seen.as_str().into(),
                event.last_seen.as_str().into(),
            ]);
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        if self.events.is_empty() { "There are no events yet.\n".to_owned() } else { self.to_rows().to_table(canvas) }
    }
}

impl Show for EventPage {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([
            ("property", Kind::Text),
            ("type", Kind::Text),
            ("count", Kind::Number),
            ("share", Kind::Share),
        ]);
        for property in &self.properties {
            for counted in &property.types {
                rows.push([
                    property.property.as_str().into(),
                    counted.value_type.into(),
                    counted.count.into(),
                    (counted.count as f64 / self.summary.count as f64).into(),
                ]);
            }
        }
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let summary = &self.summary;
        let head = format!(
            "{}  {}, {} to {}\n\n",
            canvas.bold(&shown(&summary.event)),
            counted(summary.count, "event"),
            summary.first_seen,
            summary.last_seen
        );
        let rows = self.to_rows();
        head + &if rows.is_empty() { "No event has properties.\n".to_owned() } else { rows.to_table(canvas) }
    }
}
