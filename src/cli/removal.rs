//! Taking things out of a store for good: it is said first what would go, and done when that was agreed to.

use super::data::{DataArg, close};
use super::exit::{Exit, Failure};
use super::output::{Canvas, Output, Show};
use super::rows::{Kind, Rows};
use super::text::{count, list, shown};
use crate::store::{Removal, Snapshot, Store, StoreError};
use clap::Args;
use serde_json::{Value, json};

/// Most names that a table shows.
const NAMES_SHOWN: usize = 20;

/// `--yes` and `--dry-run`.
#[derive(Clone, Copy, Debug, Args)]
pub struct ConfirmArgs {
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Only say what would go
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
}

/// A removal, planned or done.
struct Shown {
    removal: Removal,
    is_done: bool,
}

/// Says what would go, has that agreed to, and does it.
pub fn remove(
    data: &DataArg,
    confirm: ConfirmArgs,
    output: &mut Output,
    plan: impl FnOnce(&Snapshot) -> Result<Removal, StoreError>,
    act: impl FnOnce(&Store) -> Result<Removal, StoreError>,
) -> Result<Exit, Failure> {
    // Planned by a reader, so that nothing is written and nobody kept waiting while a person thinks.
    let planned = Shown { removal: plan(data.read(output)?.snapshot())?, is_done: false };
    if confirm.dry_run {
        output.show(&planned)?;
        return Ok(Exit::Done);
    }
    if !confirm.yes {
        // Said line by line to standard error, which takes no colours.
        let canvas = Canvas { colors: false, ..output.canvas() };
        planned.to_table(&canvas).lines().for_each(|line| output.say(line));
        match output.ask("This cannot be undone. Delete it?") {
            Some(true) => {}
            Some(false) => return Err(Failure::other("nothing was deleted")),
            None => {
                let sentence = format!("nothing was deleted; add {} to do it without being asked", list(&["--yes"]));
                return Err(Failure::other(sentence));
            }
        }
    }
    let store = data.open_existing(output)?;
    let removal = act(&store)?;
    close(store)?;
    if !removal.files_left.is_empty() {
        let names: Vec<&str> = removal.files_left.iter().map(String::as_str).collect();
        output
            .note(&format!("{} could not be removed; the next command that writes to the store does it", list(&names)));
    }
    output.show(&Shown { removal, is_done: true })?;
    Ok(Exit::Done)
}

impl Shown {
    /// What goes, or is changed, and how much of it.
    fn counts(&self) -> [(&'static str, &'static str, u64); 7] {
        let Removal {
            names: _,
            events,
            events_changed,
            identify_calls,
            group_calls,
            group_calls_changed,
            aliases,
            associations,
            files_left: _,
        } = &self.removal;
        [
            ("events", "events", *events),
            ("events_changed", "events that stay and lose the key", *events_changed),
            ("identify_calls", "identify() calls", *identify_calls),
            ("group_calls", "group() calls", *group_calls),
            ("group_calls_changed", "group() calls that stay and lose the user", *group_calls_changed),
            ("aliases", "alias() calls", *aliases),
            ("associations", "ids that lose the key to which they belong", *associations),
        ]
    }
}

impl Show for Shown {
    fn to_json(&self) -> String {
        let mut answer = json!({"deleted": self.is_done, "names": self.removal.names});
        for (name, _, number) in self.counts() {
            answer[name] = number.into();
        }
        answer["files_left"] = json!(self.removal.files_left);
        answer.to_string()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([("what", Kind::Text), ("count", Kind::Number)]);
        for (name, _, number) in self.counts() {
            rows.push([Value::from(name), number.into()]);
        }
        rows.push(["files_left".into(), self.removal.files_left.len().into()]);
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        let mut out = String::new();
        let names = &self.removal.names;
        if !names.is_empty() {
            let some: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| shown(name)).collect();
            let more = names.len().saturating_sub(NAMES_SHOWN);
            let more = if more > 0 { format!(" and {} more", count(more as u64)) } else { String::new() };
            out += &format!("{}{more}\n", canvas.bold(&some.join(", ")));
        }
        let head = if self.is_done { "Deleted" } else { "Would be deleted" };
        let counts: Vec<_> = self.counts().into_iter().filter(|(_, _, number)| *number > 0).collect();
        out += &format!("{head}:{}\n", if counts.is_empty() { " nothing" } else { "" });
        for (_, what, number) in counts {
            out += &format!("  {:>9} {what}\n", count(number));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_left_are_told_in_every_form() {
        let removal = Removal { events: 2, files_left: vec!["segment-00000002".to_owned()], ..Removal::default() };
        let shown = Shown { removal, is_done: true };
        let json: Value = serde_json::from_str(&shown.to_json()).unwrap();
        assert_eq!((&json["events"], &json["files_left"]), (&json!(2), &json!(["segment-00000002"])));
        assert!(shown.to_rows().to_csv().ends_with("files_left,1\r\n"));
    }
}
