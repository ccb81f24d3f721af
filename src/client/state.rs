//! What a client has to send and what it does next: all decisions, and no thread, clock or network.

use super::options::ClientOptions;
use super::pace::Pace;
use super::problem::Problem;
use super::queue::{Entry, Queue};
use super::verdict::Verdict;
use std::time::{Duration, Instant};

/// What the client has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientStats {
    /// Lines that wait to be sent, or for their answer.
    pub waiting: u64,
    /// Lines that the server has stored.
    pub accepted: u64,
    /// Events that the server had stored before: answers that were lost on the way.
    pub duplicate: u64,
    /// Lines that the server refused.
    pub refused: u64,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these lines.
    Send(Vec<Entry>),
    /// Read the spool from this line on.
    Load(u64),
    /// Wait until something happens, or until then.
    Wait(Option<Instant>),
    /// There is nothing more to do.
    End,
}

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    pub queue: Queue,
    pace: Pace,
    batch_lines: usize,
    batch_bytes: usize,
    interval: Duration,
    /// At most so many lines go into one request, as the server found more too large.
    most: usize,
    /// So many lines were sent and have no answer yet: they are sent again as the same batch.
    under_way: Option<usize>,
    /// When the first line came that is not sent yet.
    since: Option<Instant>,
    /// Lines before this one are not to wait for others.
    hurried: u64,
    /// The client is closed: no line comes any more, and nothing is sent after this moment.
    closing: Option<Instant>,
    /// Why the last try failed.
    reason: Option<String>,
    stats: ClientStats,
}

impl State {
    /// Nothing to do yet.
    pub fn new(options: &ClientOptions) -> Self {
        Self {
            queue: Queue::new(options.queue_lines, options.queue_bytes),
            pace: Pace::new(options),
            batch_lines: options.batch_lines,
            batch_bytes: options.batch_bytes,
            interval: options.interval,
            most: options.batch_lines,
            under_way: None,
            since: None,
            hurried: 0,
            closing: None,
            reason: None,
            stats: ClientStats::default(),
        }
    }

    /// Goes on with what a spool holds.
    pub fn resume(&mut self, settled: u64, next: u64, now: Instant) {
        self.queue.resume(settled, next);
        self.since = (settled < next).then_some(now);
    }

    /// What it has done so far.
    pub fn stats(&self) -> ClientStats {
        ClientStats { waiting: self.queue.waiting(), ..self.stats }
    }

    /// Why the last try failed, if it did.
    pub fn reason(&self) -> Option<&String> {
        self.reason.as_ref()
    }

    /// Whether the client was closed.
    pub fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// Takes lines. Answers whether whoever sends should look.
    pub fn push(&mut self, texts: &[String], now: Instant) -> bool {
        let was_waiting = self.since.is_some();
        texts.iter().for_each(|text| self.queue.push(text));
        self.since.get_or_insert(now);
        !was_waiting || self.is_full_batch()
    }

    /// Everything taken so far is not to wait for others.
    pub fn hurry(&mut self) {
        self.hurried = self.queue.next();
    }

    /// Takes no more, and sends what waits until then.
    pub fn close(&mut self, deadline: Instant) {
        self.closing.get_or_insert(deadline);
    }

    fn is_full_batch(&self) -> bool {
        self.queue.fills(self.most, self.batch_bytes)
    }

    /// What to do now.
    pub fn step(&mut self, now: Instant) -> Step {
        if self.closing.is_some_and(|deadline| now >= deadline) {
            return Step::End;
        }
        if self.queue.waiting() == 0 {
            return if self.is_closing() { Step::End } else { Step::Wait(None) };
        }
        let hurried = self.is_closing() || self.queue.settled() < self.hurried;
        if let Some(not_before) = self.pace.not_before(hurried).filter(|not_before| now < *not_before) {
            let is_too_late = self.closing.is_some_and(|deadline| not_before >= deadline);
            return if is_too_late { Step::End } else { Step::Wait(Some(not_before)) };
        }
        if let Some(from) = self.queue.wanted() {
            return Step::Load(from);
        }
        if !hurried && self.under_way.is_none() && !self.is_full_batch() {
            let due = self.since.unwrap_or(now).checked_add(self.interval);
            if due.is_none_or(|due| now < due) {
                return Step::Wait(due);
            }
        }
        let batch = match self.under_way {
            Some(lines) => self.queue.head(lines, usize::MAX),
            None => self.queue.head(self.most, self.batch_bytes),
        };
        self.under_way = Some(batch.len());
        Step::Send(batch)
    }

    /// Goes on after an answer about these lines, the first that wait. `chance` is a random number of [0, 1).
    pub fn finish(&mut self, batch: &[Entry], verdict: Verdict, now: Instant, chance: f64) -> Vec<Problem> {
        let refuse = |entry: &Entry, reason| Problem::Refused { line: entry.text.to_string(), reason };
        match verdict {
            Verdict::Judged { accepted, duplicate, refused } => {
                self.stats.accepted += accepted;
                self.stats.duplicate += duplicate;
                let named = refused.into_iter().filter_map(|(place, reason)| Some((batch.get(place)?, reason)));
                let problems = named.map(|(entry, reason)| refuse(entry, reason)).collect();
                self.settle(batch, now, problems)
            }
            Verdict::TooLarge(_) if batch.len() > 1 => {
                self.most = batch.len() / 2;
                self.under_way = None;
                Vec::new()
            }
            Verdict::Rejected(reason) | Verdict::TooLarge(reason) => {
                let problems = batch.iter().map(|entry| refuse(entry, reason.clone())).collect();
                self.settle(batch, now, problems)
            }
            Verdict::Later { reason, after, needs_repair } => {
                self.pace.fail(now, after, needs_repair, chance);
                self.delay(reason).into_iter().collect()
            }
        }
    }

    /// Goes on when the spool could not be read.
    pub fn fail_to_load(&mut self, reason: String, now: Instant, chance: f64) -> Option<Problem> {
        self.pace.fail(now, None, false, chance);
        self.delay(reason)
    }

    fn delay(&mut self, reason: String) -> Option<Problem> {
        let is_news = self.reason.as_ref() != Some(&reason);
        self.reason = Some(reason.clone());
        is_news.then(|| Problem::Delayed { reason, waiting: self.queue.waiting() })
    }

    /// The server has judged these lines; it refused those of the problems.
    fn settle(&mut self, batch: &[Entry], now: Instant, refused: Vec<Problem>) -> Vec<Problem> {
        self.stats.refused += refused.len() as u64;
        if let Some(last) = batch.last() {
            self.queue.settle(last.sequence + 1);
        }
        self.pace.succeed();
        self.reason = None;
        self.under_way = None;
        self.most = self.most.saturating_mul(2).min(self.batch_lines);
        self.since = (self.queue.waiting() > 0).then_some(now);
        refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(batch_lines: usize) -> State {
        State::new(&ClientOptions { batch_lines, ..ClientOptions::default() })
    }

    fn push(state: &mut State, count: usize, now: Instant) -> bool {
        state.push(&vec!["line".to_owned(); count], now)
    }

    fn sent(step: Step) -> Vec<Entry> {
        match step {
            Step::Send(batch) => batch,
            other => panic!("{other:?} where lines should be sent"),
        }
    }

    fn stored(lines: usize) -> Verdict {
        Verdict::Judged { accepted: lines as u64, duplicate: 0, refused: Vec::new() }
    }

    fn later() -> Verdict {
        Verdict::Later { reason: "no".to_owned(), after: None, needs_repair: false }
    }

    #[test]
    fn lines_go_when_they_are_many_or_have_waited() {
        let (mut state, now) = (state(3), Instant::now());
        assert_eq!(state.step(now), Step::Wait(None));
        assert!(push(&mut state, 1, now));
        assert!(!push(&mut state, 1, now + SECOND / 2), "it would go without a look");
        assert_eq!(state.step(now + SECOND / 2), Step::Wait(Some(now + SECOND)));
        assert!(push(&mut state, 2, now + SECOND / 2));
        let batch = sent(state.step(now + SECOND / 2));
        assert_eq!(batch.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(state.finish(&batch, stored(3), now + SECOND, 0.0).is_empty());
        assert_eq!(state.step(now + SECOND), Step::Wait(Some(now + SECOND * 2)));
        let batch = sent(state.step(now + SECOND * 2));
        assert!(state.finish(&batch, stored(1), now + SECOND * 2, 0.0).is_empty());
        assert_eq!(state.step(now + SECOND * 3), Step::Wait(None));
        assert_eq!(state.stats(), ClientStats { accepted: 4, ..ClientStats::default() });
    }

    #[test]
    fn a_batch_that_failed_is_sent_again_as_it_was() {
        let (mut state, now) = (state(10), Instant::now());
        push(&mut state, 2, now);
        state.hurry();
        let first = sent(state.step(now));
        push(&mut state, 5, now);
        let told = state.finish(&first, later(), now, 0.0);
        assert!(matches!(&told[..], [Problem::Delayed { waiting: 7, .. }]), "{told:?}");
        assert_eq!(state.step(now), Step::Wait(Some(now + SECOND / 2)));
        assert_eq!(sent(state.step(now + SECOND / 2)), first);
        assert!(state.finish(&first, later(), now, 0.0).is_empty(), "the same reason is told once");
        assert_eq!(sent(state.step(now + SECOND * 9)), first);
    }

    #[test]
    fn what_is_too_large_is_halved_and_one_line_alone_refused() {
        let (mut state, now) = (state(8), Instant::now());
        push(&mut state, 8, now);
        for lines in [8, 4, 2] {
            let batch = sent(state.step(now));
            assert_eq!(batch.len(), lines);
            assert!(state.finish(&batch, Verdict::TooLarge("413".to_owned()), now, 0.0).is_empty());
        }
        let batch = sent(state.step(now));
        let told = state.finish(&batch, Verdict::TooLarge("413".to_owned()), now, 0.0);
        assert!(batch.len() == 1 && matches!(&told[..], [Problem::Refused { .. }]), "{told:?}");
        for lines in [2, 4, 1] {
            state.hurry();
            let batch = sent(state.step(now));
            assert_eq!(batch.len(), lines);
            state.finish(&batch, stored(lines), now, 0.0);
        }
        assert_eq!(state.stats(), ClientStats { accepted: 7, refused: 1, ..ClientStats::default() });
    }

    #[test]
    fn refused_lines_are_told_and_do_not_stop_others() {
        let (mut state, now) = (state(2), Instant::now());
        push(&mut state, 4, now);
        let batch = sent(state.step(now));
        let refused = vec![(1, "blank".to_owned())];
        let told = state.finish(&batch, Verdict::Judged { accepted: 1, duplicate: 0, refused }, now, 0.0);
        assert!(matches!(&told[..], [Problem::Refused { reason, .. }] if reason == "blank"), "{told:?}");
        let batch = sent(state.step(now));
        assert_eq!(state.finish(&batch, Verdict::Rejected("400".to_owned()), now, 0.0).len(), 2);
        assert_eq!(state.step(now), Step::Wait(None));
        assert_eq!(state.stats(), ClientStats { accepted: 1, refused: 3, ..ClientStats::default() });
    }

    #[test]
    fn a_closed_client_sends_what_it_can_and_ends() {
        let (mut state, now) = (state(10), Instant::now());
        push(&mut state, 1, now);
        state.close(now + SECOND * 2);
        let batch = sent(state.step(now));
        state.finish(&batch, later(), now, 0.0);
        assert_eq!(state.step(now), Step::Wait(Some(now + SECOND / 2)), "it tries again soon");
        state.finish(
            &batch,
            Verdict::Later { reason: "x".to_owned(), after: Some(SECOND * 9), needs_repair: false },
            now,
            0.0,
        );
        assert_eq!(state.step(now), Step::End, "the next try would be too late");
        let mut state = self::state(10);
        state.close(now + SECOND);
        assert_eq!(state.step(now), Step::End);
    }
}
