//! Funnels: reading the document.

use serde_json::{Map, Value};

use super::breakdown::Breakdown;
use super::document::{choice, list, need, object, only, text, whole};
use super::filter::Matcher;
use super::head::{Head, interval};
use super::lookup::Look;
use super::time::{Duration, Interval};

const OWN: [&str; 11] =
    ["steps", "window", "order", "entry", "exclude", "hold", "breakdown", "limit", "interval", "week_start", "units"];

pub(super) struct Funnel<'a> {
    pub(super) head: Head<'a>,
    pub(super) steps: Vec<Matcher>,
    pub(super) window: i64,
    pub(super) order: StepOrder,
    pub(super) first_only: bool,
    pub(super) exclude: Vec<Exclude>,
    pub(super) hold: Hold,
    pub(super) breakdown: Breakdown,
    pub(super) interval: Option<Interval>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepOrder {
    Ordered,
    Strict,
    Any,
}

/// No such event between two steps, given by index.
pub(super) struct Exclude {
    pub(super) matcher: Matcher,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What splits a unit's events into parts.
pub(super) enum Hold {
    Nothing,
    User,
    Property(String),
}

impl<'a> Funnel<'a> {
    pub(super) fn read(look: Look<'a>, map: &Map<String, Value>) -> Result<Funnel<'a>, String> {
        let head = Head::read(look, map, &OWN)?;
        head.range()?;
        let look = head.look;
        let steps = list(need(map, "steps", "a funnel")?, "steps")?;
        if !(2..=20).contains(&steps.len()) {
            return Err("a funnel has 2 to 20 steps".into());
        }
        let window = match map.get("window") {
            None => 14 * 86_400 * 1_000_000,
            Some(json) => Duration::of(json, "smhdw")?.micros().expect("checked"),
        };
        let order = match choice(map, "order", &["ordered", "strict", "any"])? {
            "strict" => StepOrder::Strict,
            "any" => StepOrder::Any,
            _ => StepOrder::Ordered,
        };
        let exclude = excludes(look, map, steps.len())?;
        if order == StepOrder::Any && !exclude.is_empty() {
            return Err("\"order\":\"any\" takes no \"exclude\"".into());
        }
        let asked = interval(map)?;
        Ok(Funnel {
            steps: steps.iter().map(|json| Matcher::read(look, json)).collect::<Result<_, _>>()?,
            window,
            order,
            first_only: choice(map, "entry", &["best", "first"])? == "first",
            exclude,
            hold: hold(map)?,
            breakdown: Breakdown::read(look, map)?,
            interval: map.contains_key("interval").then_some(asked),
            head,
        })
    }
}

fn hold(map: &Map<String, Value>) -> Result<Hold, String> {
    match map.get("hold") {
        None => Ok(Hold::Nothing),
        Some(Value::String(word)) if word == "user" => Ok(Hold::User),
        Some(other) => {
            let map = object(other, "hold")?;
            only(map, &["property"], "hold")?;
            Ok(Hold::Property(text(need(map, "property", "hold")?, "property")?.to_owned()))
        }
    }
}

/// `from` defaults to 1, `to` to the last step.
fn excludes(look: Look, map: &Map<String, Value>, steps: usize) -> Result<Vec<Exclude>, String> {
    let Some(json) = map.get("exclude") else { return Ok(Vec::new()) };
    let read = |json: &Value| {
        let map = object(json, "an exclude")?;
        only(map, &["event", "from", "to"], "an exclude")?;
        let (from, to) = (whole(map, "from", 1, 1)?, whole(map, "to", 1, steps)?);
        if from >= to || to > steps {
            return Err(format!("an exclude from step {from} to step {to} of {steps} is none"));
        }
        let matcher = Matcher::read(look, need(map, "event", "an exclude")?)?;
        Ok(Exclude { matcher, from: from - 1, to: to - 1 })
    };
    list(json, "exclude")?.iter().map(read).collect()
}
