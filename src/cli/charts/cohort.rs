//! Cohorts: how many, and who.

use super::super::output::Canvas;
use super::super::rows::{Kind, Rows};
use super::super::text::{count, shown};
use crate::reports::CohortAnswer;

/// A row for each member of the page.
pub fn rows(answer: &CohortAnswer) -> Rows {
    let mut rows = Rows::new([("member", Kind::Text)]);
    for member in &answer.members {
        rows.push([member.into()]);
    }
    rows
}

/// The size, then the members of the page.
pub fn draw(answer: &CohortAnswer, canvas: &Canvas) -> String {
    let mut out = format!("{} in all\n", canvas.bold(&count(answer.size)));
    if answer.size > 0 {
        out.push('\n');
    }
    for member in &answer.members {
        out.push_str(&format!("  {}\n", shown(member)));
    }
    if let Some(cursor) = &answer.next_cursor {
        let cursor = serde_json::Value::from(cursor.as_str()).to_string();
        let more = format!("  … and more; the document with \"cursor\":{} goes on after these\n", shown(&cursor));
        out.push_str(&canvas.dim(&more));
    }
    out
}
