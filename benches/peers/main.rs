//! The project's side of the comparison with other engines (`run.py`): opens a store, then answers one line of JSON for
//! each that it reads, with the time that the answer took. Every document is read, planned and answered anew.
//!
//! A line is `{"report": DOCUMENT}`, `{"groups": TYPE, "limit": N}` or `{"group": TYPE, "key": KEY}`.
//! Times are around what an application would call: from the text of the document to the text of the answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;
use trackcrumb::Store;
use trackcrumb::language::Report;
use trackcrumb::model::Timestamp;
use trackcrumb::pages::{self, ListQuery};
use trackcrumb::reports;
use trackcrumb::store::Snapshot;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A store has all of its events in the past of this instant.
const NOW: Timestamp = Timestamp::MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question<'q> {
    #[serde(borrow)]
    report: Option<&'q RawValue>,
    groups: Option<&'q str>,
    limit: Option<usize>,
    group: Option<&'q str>,
    key: Option<&'q str>,
}

/// Writes the answer to a question into `text`, whose room serves one after the other.
fn answer(snapshot: &Snapshot, question: &str, text: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    text.clear();
    match serde_json::from_str(question)? {
        Question { report: Some(report), .. } => {
            serde_json::to_writer(text, &reports::run(snapshot, &Report::parse(report.get())?, NOW)?)?;
        }
        Question { groups: Some(groups), limit: Some(limit), .. } => {
            let query = ListQuery { limit, ..ListQuery::default() };
            serde_json::to_writer(text, &pages::group_list(snapshot, groups, &query)?)?;
        }
        Question { group: Some(group), key: Some(key), .. } => {
            serde_json::to_writer(text, &pages::group(snapshot, group, key)?)?;
        }
        _ => return Err(format!("no question: {question}").into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    // Cargo's own arguments begin with dashes.
    let Some(directory) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        writeln!(
            output,
            "answers benches/peers/run.py, which names a directory; without one there is nothing to measure"
        )?;
        return Ok(());
    };
    let started = Instant::now();
    let store = Store::open(&directory)?;
    let snapshot = store.snapshot()?;
    writeln!(output, r#"{{"open_ms":{}}}"#, started.elapsed().as_secs_f64() * 1e3)?;
    let mut text = Vec::new();
    for line in std::io::stdin().lock().lines() {
        output.flush()?;
        let (line, started) = (line?, Instant::now());
        answer(&snapshot, &line, &mut text)?;
        write!(output, r#"{{"ms":{},"answer":"#, started.elapsed().as_secs_f64() * 1e3)?;
        output.write_all(&text)?;
        writeln!(output, "}}")?;
        output.flush()?;
    }
    Ok(())
}
