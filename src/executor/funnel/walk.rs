//! The attempts within one part: which steps each reaches, and when.

use super::super::charge::Charge;
use super::super::footprint::list_bytes;
use super::super::guard::Guard;
use super::super::limits::Stop;
use super::filling::Filling;
use super::rows::Row;
use crate::language::FunnelOrder;

/// What every attempt must keep to.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// How many steps there are.
    pub steps: usize,
    pub window_micros: i64,
    pub order: FunnelOrder,
    /// By number of the exclusion: the steps, from 0, between which its events must not fall.
    pub exclusions: Vec<(usize, usize)>,
}

/// The attempts of one part, in the order in which they open.
pub(super) trait Attempting {
    /// How many there are.
    fn attempts(&self) -> usize;

    /// The row that opens an attempt.
    fn opening(&self, attempt: usize) -> &Row;

    /// When an attempt reached each step that it reached. Attempts must be asked for in their order.
    ///
    /// # Errors
    /// When the execution is stopped.
    fn reach(&mut self, attempt: usize) -> Result<&[i64], Stop>;
}

/// Walks the attempts of one part after the other, whatever the rules. What it holds is reused from part to part.
pub(super) struct Walk<'r> {
    guard: &'r Guard,
    rules: &'r Rules,
    /// The events of the part in order, each once.
    events: Vec<Row>,
    /// The places of the events that open an attempt.
    openings: Vec<usize>,
    /// By step: the places of the events that can fill it.
    fitting: Vec<Vec<usize>>,
    /// By exclusion: the places of its events.
    excluded: Vec<Vec<usize>>,
    /// By step: how many of the fitting events no later attempt can use.
    passed: Vec<usize>,
    filling: Filling,
    /// The places of the events that fill the steps of the attempt.
    filled: Vec<usize>,
    /// When the attempt reached its steps.
    times: Vec<i64>,
    charge: Charge,
}

impl<'r> Walk<'r> {
    pub fn new(guard: &'r Guard, rules: &'r Rules) -> Self {
        Self {
            guard,
            rules,
            events: Vec::new(),
            openings: Vec::new(),
            fitting: vec![Vec::new(); rules.steps],
            excluded: vec![Vec::new(); rules.exclusions.len()],
            passed: vec![0; rules.steps],
            filling: Filling::new(rules.steps),
            filled: Vec::new(),
            times: Vec::new(),
            charge: Charge::none(guard),
        }
    }

    /// Takes the rows of the next part.
    ///
    /// # Errors
    /// When the execution is stopped.
    pub fn load(&mut self, rows: &mut [Row]) -> Result<(), Stop> {
        // Time and arrival as one number are cheap to compare. Of one event's rows the one that opens, and has the
        // tuple, comes first: it came so, and a stable sort keeps it. So many that this would take long are sorted so.
        let key = |row: &Row| i128::from(row.time) << 64 | i128::from(row.arrival);
        if self.guard.sorts_at_once(rows.len()) {
            rows.sort_by_key(key);
        } else {
            self.guard.sort_by(rows, &|a, b| (key(a), !a.marks.opens()).cmp(&(key(b), !b.marks.opens())))?;
        }
        self.events.clear();
        self.openings.clear();
        self.fitting.iter_mut().chain(&mut self.excluded).for_each(Vec::clear);
        self.passed.fill(0);
        for row in self.guard.watch(rows.iter()) {
            let row = row?;
            match self.events.last_mut() {
                Some(last) if (last.time, last.arrival) == (row.time, row.arrival) => {
                    last.marks.add(row.marks);
                }
                _ => self.events.push(*row),
            }
            if let Some(exclusion) = row.marks.excluded_by() {
                self.excluded[exclusion].push(self.events.len() - 1);
            }
        }
        for event in self.guard.watch(self.events.iter().enumerate()) {
            let (place, event) = event?;
            let mut steps = event.marks.steps();
            while steps != 0 {
                self.fitting[steps.trailing_zeros() as usize].push(place);
                steps &= steps - 1;
            }
            if event.marks.opens() {
                self.openings.push(place);
            }
        }
        let lists = self.fitting.iter().chain(&self.excluded).chain([&self.openings]);
        self.charge.set(list_bytes(&self.events) + lists.map(list_bytes).sum::<usize>())
    }

    /// Each step takes the earliest event that can fill it, and nothing is tried twice.
    fn in_order(&mut self, start: usize, deadline: i64) {
        self.filled.clear();
        self.filled.push(start);
        self.times.push(self.events[start].time);
        let mut last = start;
        for step in 1..self.rules.steps {
            let next = match self.rules.order {
                FunnelOrder::Strict => self.next_event(last, step),
                _ => self.next_fitting(last, step),
            };
            let Some(next) = next.filter(|next| self.events[*next].time <= deadline) else { break };
            if self.is_excluded(step, next) {
                break;
            }
            self.filled.push(next);
            self.times.push(self.events[next].time);
            last = next;
        }
    }

    /// The event right after this one, if it can fill the step.
    fn next_event(&self, after: usize, step: usize) -> Option<usize> {
        let next = self.events.get(after + 1)?;
        (next.marks.steps() >> step & 1 == 1).then_some(after + 1)
    }

    /// The first event after this one that can fill the step. A later attempt never fills a step earlier, so the
    /// events before are passed for good.
    fn next_fitting(&mut self, after: usize, step: usize) -> Option<usize> {
        let (fitting, passed) = (&self.fitting[step], &mut self.passed[step]);
        while fitting.get(*passed).is_some_and(|place| *place <= after) {
            *passed += 1;
        }
        fitting.get(*passed).copied()
    }

    /// Whether an excluded event falls between a step that is filled and this event for the step.
    fn is_excluded(&self, step: usize, event: usize) -> bool {
        self.rules.exclusions.iter().zip(&self.excluded).filter(|((_, to), _)| *to == step).any(
            |((from, _), places)| {
                let after = self.filled[*from];
                places.get(places.partition_point(|place| *place <= after)).is_some_and(|place| *place < event)
            },
        )
    }

    /// Events in order take steps, as many as they can together.
    fn in_any_order(&mut self, start: usize, deadline: i64) -> Result<(), Stop> {
        self.filling.clear();
        let mut at = start;
        loop {
            self.guard.tick()?;
            let event = &self.events[at];
            if event.time > deadline {
                return Ok(());
            }
            if self.filling.place(event.marks.steps()) {
                self.times.push(event.time);
            }
            let next = self.filling.open_steps().filter_map(|step| {
                let fitting = &self.fitting[step];
                fitting.get(fitting.partition_point(|place| *place <= at))
            });
            match next.min() {
                Some(next) if self.times.len() < self.rules.steps => at = *next,
                _ => return Ok(()),
            }
        }
    }
}

impl Attempting for Walk<'_> {
    fn attempts(&self) -> usize {
        self.openings.len()
    }

    fn opening(&self, attempt: usize) -> &Row {
        &self.events[self.openings[attempt]]
    }

    fn reach(&mut self, attempt: usize) -> Result<&[i64], Stop> {
        self.guard.tick()?;
        let start = self.openings[attempt];
        let deadline = self.events[start].time.saturating_add(self.rules.window_micros);
        self.times.clear();
        match self.rules.order {
            FunnelOrder::Any => self.in_any_order(start, deadline)?,
            FunnelOrder::Ordered | FunnelOrder::Strict => self.in_order(start, deadline),
        }
        Ok(&self.times)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::guard::SORTED_MAX;
    use super::super::super::limits::{Cancel, Limits};
    use super::super::rows::Marks;
    use super::super::sequence::Sequence;
    use super::*;
    use proptest::prelude::*;

    fn rules(order: FunnelOrder, steps: usize, exclusions: &[(usize, usize)]) -> Rules {
        Rules { steps, window_micros: 10, order, exclusions: exclusions.to_vec() }
    }

    /// The times of all attempts, of rows with their time and marks; arrival is the place in the list.
    fn all(rules: &Rules, rows: &[(i64, &[Marks])]) -> Vec<Vec<i64>> {
        let of_event = |(arrival, (time, marks)): (usize, &(i64, &[Marks]))| {
            let (time, arrival) = (*time, arrival as u64);
            marks.iter().map(|marks| Row { time, arrival, marks: *marks, tuple: 0 }).collect::<Vec<_>>()
        };
        let mut rows: Vec<Row> = rows.iter().enumerate().flat_map(of_event).rev().collect();
        let guard = Guard::new(&Limits::default());
        let mut walk = Walk::new(&guard, rules);
        walk.load(&mut rows).unwrap();
        reached(&mut walk)
    }

    fn reached(attempts: &mut impl Attempting) -> Vec<Vec<i64>> {
        (0..attempts.attempts()).map(|attempt| attempts.reach(attempt).unwrap().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn steps_side_by_side_say_what_all_events_in_order_say(
            events in prop::collection::vec((0i64..40, 0usize..3), 0..30),
        ) {
            let rules = rules(FunnelOrder::Ordered, 3, &[]);
            let of_event = |(arrival, (time, step)): (usize, &(i64, usize))| {
                let marks = if *step == 0 { OPEN } else { Marks::filling(*step..*step + 1) };
                Row { time: *time, arrival: arrival as u64, marks, tuple: 0 }
            };
            let mut rows: Vec<Row> = events.iter().enumerate().map(of_event).collect();
            rows.sort_by_key(|row| row.marks.steps());
            let guard = Guard::new(&Limits::default());
            let mut sequence = Sequence::new(&guard, &rules, false).unwrap();
            let mut walk = Walk::new(&guard, &rules);
            let side_by_side = reached(&mut sequence.load(&mut rows).unwrap());
            walk.load(&mut rows).unwrap();
            prop_assert_eq!(side_by_side, reached(&mut walk));
        }
    }

    const OPEN: Marks = Marks::opening(0..1);
    const B: Marks = Marks::filling(1..2);
    const C: Marks = Marks::filling(2..3);

    #[test]
    fn of_many_rows_those_that_open_come_first_too() {
        let rules = rules(FunnelOrder::Ordered, 2, &[]);
        let seen = |time: i64| Row { time, arrival: 0, marks: Marks::SEEN, tuple: 0 };
        let open = |time: i64| Row { time, arrival: 0, marks: OPEN, tuple: time as u32 };
        // In no order, and of each event first the row that says nothing.
        let times = (0..SORTED_MAX as i64).map(|time| time * 77_773 % SORTED_MAX as i64);
        let mut rows: Vec<Row> = times.flat_map(|time| [seen(time), open(time)]).collect();
        let guard = Guard::new(&Limits { cancel: Some(Cancel::default()), ..Limits::default() });
        let mut walk = Walk::new(&guard, &rules);
        walk.load(&mut rows).unwrap();
        assert_eq!(walk.attempts(), SORTED_MAX);
        assert!((0..SORTED_MAX).all(|attempt| walk.opening(attempt).tuple as usize == attempt));
    }

    #[test]
    fn one_event_fills_one_step() {
        let rules = rules(FunnelOrder::Ordered, 2, &[]);
        assert_eq!(all(&rules, &[(1, &[OPEN, B])]), [vec![1]]);
        assert_eq!(all(&rules, &[(1, &[OPEN, B]), (1, &[B])]), [vec![1, 1]], "the same instant, in order of arrival");
    }

    #[test]
    fn the_window_is_inclusive_and_counts_from_the_first_step() {
        let rules = rules(FunnelOrder::Ordered, 3, &[]);
        assert_eq!(all(&rules, &[(0, &[OPEN]), (10, &[B]), (11, &[C])]), [vec![0, 10]]);
        assert_eq!(all(&rules, &[(0, &[OPEN]), (10, &[B]), (10, &[C])]), [vec![0, 10, 10]]);
    }

    #[test]
    fn each_opening_event_is_an_attempt() {
        let rules = rules(FunnelOrder::Ordered, 2, &[]);
        let attempts = all(&rules, &[(0, &[OPEN]), (50, &[OPEN]), (51, &[B]), (52, &[OPEN]), (53, &[B])]);
        assert_eq!(attempts, [vec![0], vec![50, 51], vec![52, 53]]);
        assert!(all(&rules, &[(0, &[B])]).is_empty());
    }

    #[test]
    fn strict_wants_the_very_next_event() {
        let rules = rules(FunnelOrder::Strict, 2, &[]);
        assert_eq!(all(&rules, &[(0, &[OPEN]), (1, &[Marks::SEEN]), (2, &[B])]), [vec![0]]);
        assert_eq!(all(&rules, &[(0, &[OPEN, Marks::SEEN]), (2, &[B, Marks::SEEN])]), [vec![0, 2]]);
    }

    #[test]
    fn an_excluded_event_stops_before_the_second_of_its_steps() {
        let rules = rules(FunnelOrder::Ordered, 3, &[(0, 2)]);
        let excluded = Marks::exclusion(0);
        assert_eq!(all(&rules, &[(0, &[OPEN]), (1, &[excluded]), (2, &[B]), (3, &[C])]), [vec![0, 2]]);
        assert_eq!(all(&rules, &[(0, &[OPEN]), (2, &[B, excluded]), (3, &[C])]), [vec![0, 2]], "a step between counts");
        let at_the_ends = [(0, &[OPEN, excluded][..]), (2, &[B]), (3, &[C, excluded]), (4, &[excluded])];
        assert_eq!(all(&rules, &at_the_ends), [vec![0, 2, 3]], "the step events themselves do not");
    }

    #[test]
    fn any_order_takes_steps_as_they_can_first_be_filled() {
        let rules = rules(FunnelOrder::Any, 3, &[]);
        let (b, ab) = (Marks::opening(1..2), [OPEN, Marks::opening(1..2)]);
        // The first event gives way to the second, which can fill nothing but step 1.
        assert_eq!(all(&rules, &[(0, &ab), (4, &[OPEN]), (9, &[C])]), [vec![0, 4, 9], vec![4, 9]]);
        assert_eq!(all(&rules, &[(0, &[b]), (4, &[b]), (11, &[OPEN])]), [vec![0], vec![4, 11], vec![11]]);
    }
}
