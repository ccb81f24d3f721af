//! `stats`: what the store holds, and where its bytes are.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::{Canvas, Output, Show};
use super::super::rows::{Kind, Rows};
use crate::store::StoreStats;
use clap::Args;
use serde_json::Value;

/// Show what the store holds and where its bytes are
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  trackcrumb stats --format json")]
pub struct Arguments {
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    let reader = arguments.data.read(output)?;
    output.show(&reader.stats()?)?;
    Ok(Exit::Done)
}

/// Adds the numbers of an object as rows; those of an object inside under both names.
fn push_numbers(rows: &mut Rows, prefix: &str, value: &Value, total: f64) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if value.is_object() {
            push_numbers(rows, &name, value, total);
        } else {
            let is_bytes = name.starts_with("bytes.") && total > 0.0;
            let share = value.as_f64().filter(|_| is_bytes).map(|bytes| bytes / total);
            rows.push([name.into(), value.clone(), share.map_or(Value::Null, Value::from)]);
        }
    }
}

impl Show for StoreStats {
    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn to_rows(&self) -> Rows {
        let mut rows = Rows::new([("what", Kind::Text), ("value", Kind::Number), ("share", Kind::Share)]);
        let stats = serde_json::to_value(self).unwrap_or_default();
        push_numbers(&mut rows, "", &stats, self.total_bytes as f64);
        rows
    }

    fn to_table(&self, canvas: &Canvas) -> String {
        self.to_rows().to_table(canvas)
    }
}
