//! Paths: what units did at each step, and where they went from there.

use super::super::output::Canvas;
use super::super::rows::{Column, Kind, Rows};
use super::super::text::bar;
use crate::reports::{PathsAnswer, PathsEnd, PathsLink};
use serde_json::Value;

/// Room that the columns beside the bars take, in characters.
const SIDE_CHARS: usize = 64;

fn end_name(end: Option<&PathsEnd>) -> String {
    match end {
        Some(PathsEnd::Event(name)) => name.clone(),
        Some(PathsEnd::Other) => "(other)".to_owned(),
        None => "(end)".to_owned(),
    }
}

/// A row for each link. `from` and `to` are empty for the rest of a step, and `to` where a path ends.
pub fn rows(answer: &PathsAnswer) -> Rows {
    let mut rows = Rows::new([
        ("step", Kind::Number),
        ("from", Kind::Text),
        ("from_other", Kind::Text),
        ("to", Kind::Text),
        ("to_other", Kind::Text),
        ("count", Kind::Number),
    ]);
    let cells = |end: Option<&PathsEnd>| match end {
        Some(PathsEnd::Event(name)) => [Value::from(name.as_str()), false.into()],
        Some(PathsEnd::Other) => [Value::Null, true.into()],
        None => [Value::Null, false.into()],
    };
    for link in &answer.links {
        let [from, from_other] = cells(Some(&link.from));
        let [to, to_other] = cells(link.to.as_ref());
        rows.push([link.step.into(), from, from_other, to, to_other, link.count.into()]);
    }
    rows
}

/// The links, with their share of all paths as bars.
pub fn draw(answer: &PathsAnswer, canvas: &Canvas) -> String {
    if answer.nodes.is_empty() {
        return "No unit has such an event, so there are no paths.\n".to_owned();
    }
    let all: u64 = answer.nodes.iter().filter(|node| node.step == 0).map(|node| node.count).sum();
    let width = canvas.width.saturating_sub(SIDE_CHARS).clamp(8, 40);
    let mut rows = Rows::with_columns(vec![
        Column::new("step", Kind::Number),
        Column::new("from", Kind::Text),
        Column::new("to", Kind::Text),
        Column { name: String::new(), title: "units".to_owned(), kind: Kind::Number },
        Column { name: String::new(), title: String::new(), kind: Kind::Drawing },
    ]);
    let drawn = |link: &PathsLink| bar(link.count as f64 / all.max(1) as f64, width);
    for link in &answer.links {
        let (from, to) = (end_name(Some(&link.from)), end_name(link.to.as_ref()));
        rows.push([link.step.into(), from.into(), to.into(), link.count.into(), drawn(link).into()]);
    }
    rows.to_table(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Coverage, PathsNode};

    #[test]
    fn links_say_where_units_went() {
        let link =
            |to: Option<PathsEnd>, count| PathsLink { step: 0, from: PathsEnd::Event("log_in".to_owned()), to, count };
        let answer = PathsAnswer {
            nodes: vec![PathsNode { step: 0, event: Some("log_in".to_owned()), other: false, count: 4 }],
            links: vec![
                link(Some(PathsEnd::Event("search".to_owned())), 2),
                link(Some(PathsEnd::Other), 1),
                link(None, 1),
            ],
            coverage: Coverage::default(),
        };
        let expected = "
 step  from    to       units
────────────────────────────────────
    0  log_in  search       2  ████
    0  log_in  (other)      1  ██
    0  log_in  (end)        1  ██
";
        let text = draw(&answer, &Canvas { width: 72, colors: false });
        assert_eq!(format!("\n{text}"), expected);
        assert_eq!(rows(&answer).to_csv().lines().last(), Some("0,log_in,false,,false,1"));
    }
}
