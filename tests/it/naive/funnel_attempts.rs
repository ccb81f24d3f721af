//! Funnels: the attempts of one unit, and the one that counts.

use std::collections::BTreeMap;

use super::Order;
use super::breakdown::Tuple;
use super::funnel::{Funnel, Hold, StepOrder};
use super::lookup::Row;
use super::value::{Plain, at_path};

/// One attempt: its start, and the instant at which each step reached was reached.
pub(super) struct Attempt {
    pub(super) start: Order,
    pub(super) times: Vec<i64>,
    /// The breakdown's values at the event that opened it.
    pub(super) tuple: Tuple,
}

impl Attempt {
    pub(super) fn level(&self) -> usize {
        self.times.len()
    }
}

/// The attempt that counts: the earliest that reaches the unit's level, or just the first.
pub(super) fn counting(attempts: &[Attempt], first_only: bool) -> Option<&Attempt> {
    if first_only {
        return attempts.first();
    }
    let level = attempts.iter().map(Attempt::level).max()?;
    attempts.iter().find(|attempt| attempt.level() == level)
}

impl<'a> Funnel<'a> {
    /// All attempts of a unit over all held parts, by start.
    pub(super) fn attempts(&self, rows: &[Row<'a>]) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for part in self.parts(rows) {
            for at in 0..part.len() {
                if self.opens(&part[at]) {
                    attempts.push(self.attempt(&part, at));
                }
            }
        }
        attempts.sort_by_key(|attempt| attempt.start);
        attempts
    }

    /// A unit's events by held value; an event without the value is in none.
    fn parts(&self, rows: &[Row<'a>]) -> Vec<Vec<Row<'a>>> {
        let mut parts: BTreeMap<Plain, Vec<Row>> = BTreeMap::new();
        for row in rows {
            let value = match &self.hold {
                Hold::Nothing => Some(Plain::Null),
                Hold::User => Some(Plain::Text(row.user.to_owned())),
                Hold::Property(path) => at_path(&row.event.properties, path).cloned(),
            };
            if let Some(value) = value {
                parts.entry(value).or_default().push(*row);
            }
        }
        parts.into_values().collect()
    }

    /// In [from, to): an event of step 1, with `any` an event of any step.
    fn opens(&self, row: &Row) -> bool {
        let (from, to) = self.head.range().expect("checked");
        let steps = if self.order == StepOrder::Any { &self.steps[..] } else { &self.steps[..1] };
        (from..to).contains(&row.time()) && steps.iter().any(|step| step.matches(self.head.look, row))
    }

    fn attempt(&self, part: &[Row<'a>], start: usize) -> Attempt {
        let times = match self.order {
            StepOrder::Any => self.any_order(part, start),
            _ => self.in_order(part, start),
        };
        let tuple = self.breakdown.tuple(self.head.look, &part[start]);
        Attempt { start: part[start].order(), times, tuple }
    }

    /// Each step takes the earliest event that can fill it, and nothing is tried twice.
    fn in_order(&self, part: &[Row<'a>], start: usize) -> Vec<i64> {
        let mut filled = vec![start];
        for step in 1..self.steps.len() {
            match self.next(part, &filled, step) {
                Some(at) => filled.push(at),
                None => break,
            }
        }
        filled.into_iter().map(|at| part[at].time()).collect()
    }

    fn next(&self, part: &[Row<'a>], filled: &[usize], step: usize) -> Option<usize> {
        let after = filled[step - 1] + 1;
        let fills = |at: &usize| self.steps[step].matches(self.head.look, &part[*at]);
        let at = match self.order {
            // The unit's next seen event, whatever its name, must be the next step.
            StepOrder::Strict => Some(after).filter(|at| *at < part.len()).filter(fills)?,
            _ => (after..part.len()).find(fills)?,
        };
        if part[at].time() > self.deadline(part, filled[0]) || self.is_excluded(part, filled, step, at) {
            return None;
        }
        Some(at)
    }

    /// t + window, inclusive.
    fn deadline(&self, part: &[Row<'a>], start: usize) -> i64 {
        part[start].time().saturating_add(self.window)
    }

    /// An event strictly between the two step events, the steps between them included.
    fn is_excluded(&self, part: &[Row<'a>], filled: &[usize], step: usize, at: usize) -> bool {
        self.exclude.iter().filter(|exclude| exclude.to == step).any(|exclude| {
            let between = &part[filled[exclude.from] + 1..at];
            between.iter().any(|row| exclude.matcher.matches(self.head.look, row))
        })
    }

    /// The instants at which 1, 2, … steps could first be filled by different events.
    fn any_order(&self, part: &[Row<'a>], start: usize) -> Vec<i64> {
        let mut filling = Filling { by_step: vec![None; self.steps.len()] };
        let mut times = Vec::new();
        for (at, row) in part.iter().enumerate().skip(start) {
            if row.time() > self.deadline(part, start) {
                break;
            }
            let fills = |step: usize, at: usize| self.steps[step].matches(self.head.look, &part[at]);
            if filling.place(at, &fills, &mut vec![false; self.steps.len()]) {
                times.push(row.time());
            }
        }
        times
    }
}

/// Which event fills which step: an assignment that grows by one event at a time.
///
/// An event once placed stays placed (perhaps on another step), so the opening one is always among
/// them, and after each event the number of filled steps is the greatest possible.
struct Filling {
    by_step: Vec<Option<usize>>,
}

impl Filling {
    /// Places an event on a step, moving others to other steps of theirs where that makes room.
    fn place(&mut self, event: usize, fills: &dyn Fn(usize, usize) -> bool, tried: &mut Vec<bool>) -> bool {
        for step in 0..self.by_step.len() {
            if tried[step] || !fills(step, event) {
                continue;
            }
            tried[step] = true;
            let free = match self.by_step[step] {
                None => true,
                Some(holder) => self.place(holder, fills, tried),
            };
            if free {
                self.by_step[step] = Some(event);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Filling;

    /// The most steps that `events` can fill by trying everything, event 0 among them.
    fn most(edges: u32, events: usize, steps: usize, event: usize, taken: u32) -> usize {
        if event == events {
            return taken.count_ones() as usize;
        }
        let fills = |step: usize| edges >> (event * steps + step) & 1 == 1 && taken >> step & 1 == 0;
        let placed =
            (0..steps).filter(|step| fills(*step)).map(|step| most(edges, events, steps, event + 1, taken | 1 << step));
        let left_out = (event > 0).then(|| most(edges, events, steps, event + 1, taken));
        placed.chain(left_out).max().unwrap_or(0)
    }

    #[test]
    fn filling_is_the_greatest_after_every_event() {
        let (events, steps) = (4, 3);
        // Every way in which four events can fit three steps, the opening one fitting some.
        for edges in (0..1_u32 << (events * steps)).filter(|edges| edges & 0b111 != 0) {
            let fills = |step: usize, event: usize| edges >> (event * steps + step) & 1 == 1;
            let mut filling = Filling { by_step: vec![None; steps] };
            let mut filled = 0;
            for event in 0..events {
                filled += usize::from(filling.place(event, &fills, &mut vec![false; steps]));
                assert_eq!(filled, most(edges, event + 1, steps, 0, 0), "{edges:b}");
            }
        }
    }
}
