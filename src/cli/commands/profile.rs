//! `group` and `user`: everything about one key, or one user.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use super::super::text::{counted, cut, shown};
use super::summary;
use crate::model::Properties;
use crate::pages::{self, GroupProfile, RecentEvent, UserProfile};
use clap::Args;

/// Show one key of a group type: properties with their versions, members, their recent events
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb group company acme-corp")]
pub struct GroupArguments {
    /// The group type
    #[arg(value_name = "TYPE")]
    group_type: String,
    /// The key
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Show one user: properties, groups, recent events
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb user user_42")]
pub struct UserArguments {
    /// Any id of the user
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs `group`.
pub fn group(arguments: &GroupArguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let reader = arguments.data.read(output)?;
    output.show(&pages::group(reader.snapshot(), &arguments.group_type, &arguments.key)?)?;
    Ok(Exit::Done)
}

/// Runs `user`.
pub fn user(arguments: &UserArguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let reader = arguments.data.read(output)?;
    output.show(&pages::user(reader.snapshot(), &arguments.id)?)?;
    Ok(Exit::Done)
}

/// How many members a profile names on a terminal.
const MEMBERS_SHOWN: usize = 20;
/// How many versions and events a profile shows on a terminal.
const ROWS_SHOWN: usize = 10;

/// A title over a part of a profile.
fn part(canvas: &Canvas, title: &str, body: &str) -> String {
    format!("\n{}\n{body}", canvas.bold(title))
}

fn property_rows(properties: &Properties) -> Rows {
    let mut rows = Rows::new([("property", Kind::Text), ("value", Kind::Text)]);
    for (name, value) in properties {
        rows.push([name.as_str().into(), value.to_serde()]);
    }
    rows
}

fn properties_part(canvas: &Canvas, properties: &Properties) -> String {
    let body = if properties.is_empty() { "none\n".to_owned() } else { property_rows(properties).to_table(canvas) };
    part(canvas, "Properties", &body)
}

fn event_rows(events: &[RecentEvent]) -> Rows {
    let columns = [
        ("timestamp", Kind::Text),
        ("distinct_id", Kind::Text),
        ("event", Kind::Text),
        ("groups", Kind::Text),
        ("properties", Kind::Text),
    ];
    let mut rows = Rows::new(columns);
    for event in events {
        rows.push([
            event.timestamp.as_str().into(),
            event.distinct_id.as_str().into(),
            event.event.as_str().into(),
            serde_json::to_value(&event.groups).unwrap_or_default(),
            serde_json::to_value(&event.properties).unwrap_or_default(),
        ]);
    }
    rows
}

fn events_part(canvas: &Canvas, events: &[RecentEvent]) -> String {
    let mut rows =
        Rows::new([("timestamp", Kind::Text), ("user", Kind::Text), ("event", Kind::Text), ("properties", Kind::Text)]);
    for event in events.iter().take(ROWS_SHOWN) {
        rows.push([
            event.timestamp.as_str().into(),
            event.distinct_id.as_str().into(),
            event.event.as_str().into(),
            cut(&summary(&event.properties), 60).into(),
        ]);
    }
    let body = if events.is_empty() { "none\n".to_owned() } else { rows.to_table(canvas) };
    part(canvas, "Recent events", &body)
}

impl Show for GroupProfile {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The recent events, as the only part that is a list of equals.
    fn to_rows(&self) -> Rows {
        event_rows(&self.recent)
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let updated = self.last_updated.as_deref().unwrap_or("never, only seen on events");
        let mut out = format!("{}  {}\n", canvas.bold(&shown(&self.key)), canvas.dim(&shown(&self.group_type)));
        out += &format!("last updated {updated}\n");
        out += &properties_part(canvas, &self.properties);
        let mut versions = Rows::new([("from", Kind::Text), ("properties", Kind::Text)]);
        for version in self.versions.iter().take(ROWS_SHOWN) {
            versions.push([version.at.as_str().into(), cut(&summary(&version.properties), 90).into()]);
        }
        if self.versions.len() > 1 {
            out += &part(canvas, "Versions", &versions.to_table(canvas));
        }
        let named: Vec<String> = self.members.iter().take(MEMBERS_SHOWN).map(shown).collect();
        let more = self.members.len() - named.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let title = counted(self.members.len() as u64, "member");
        out += &part(canvas, &title, &format!("{}{rest}\n", named.join(", ")));
        out + &events_part(canvas, &self.recent)
    }
}

impl Show for UserProfile {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The recent events, as the only part that is a list of equals.
    fn to_rows(&self) -> Rows {
        event_rows(&self.recent)
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let mut out = format!("{}\n", canvas.bold(&shown(&self.id)));
        if self.ids.len() > 1 {
            let ids: Vec<String> = self.ids.iter().map(|id| shown(id)).collect();
            out += &format!("also known as {}\n", ids.join(", "));
        }
        out += &properties_part(canvas, &self.properties);
        let mut groups = Rows::new([("type", Kind::Text), ("key", Kind::Text)]);
        for (group_type, key) in &self.groups {
            groups.push([group_type.as_str().into(), key.as_str().into()]);
        }
        let body = if groups.is_empty() { "none\n".to_owned() } else { groups.to_table(canvas) };
        out += &part(canvas, "Groups", &body);
        out + &events_part(canvas, &self.recent)
    }
}
