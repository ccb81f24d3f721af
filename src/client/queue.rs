//! The lines that wait, oldest first. Those beyond the limits are in the spool alone, and come back when it is their turn.

use std::collections::VecDeque;
use std::sync::Arc;

/// A line that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its number: lines count up in the order in which they were taken.
    pub sequence: u64,
    /// JSON without a line end.
    pub text: Arc<str>,
}

impl Entry {
    /// What it takes of a body.
    pub fn byte_len(&self) -> usize {
        self.text.len() + 1
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
    lines_max: usize,
    bytes_max: usize,
    /// The sequence after the last line that was taken.
    next: u64,
    /// The sequence after the last line that is or was here; those from it on are in the spool.
    loaded: u64,
    /// All lines before this one are dealt with.
    settled: u64,
}

impl Queue {
    /// An empty one with these limits.
    pub fn new(lines_max: usize, bytes_max: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, lines_max, bytes_max, next: 0, loaded: 0, settled: 0 }
    }

    /// Whether so many more lines, of so many bytes in all, are within the limits.
    pub fn has_room(&self, lines: usize, bytes: usize) -> bool {
        self.entries.len() + lines <= self.lines_max && self.bytes + bytes <= self.bytes_max
    }

    /// The sequence after the last line that was taken.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// All lines before this one are dealt with.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// How many lines wait.
    pub fn waiting(&self) -> u64 {
        self.next - self.settled
    }

    /// Goes on with what a spool holds.
    pub fn resume(&mut self, settled: u64, next: u64) {
        (self.settled, self.loaded, self.next) = (settled, settled, next);
    }

    /// Takes a line. Without room for it, or behind others that had none, it is left to the spool.
    pub fn push(&mut self, text: &str) {
        let entry = Entry { sequence: self.next, text: text.into() };
        self.next += 1;
        if self.loaded == entry.sequence && self.has_room(1, entry.byte_len()) {
            self.loaded = self.next;
            self.bytes += entry.byte_len();
            self.entries.push_back(entry);
        }
    }

    /// From where to read the spool, when it is its turn.
    pub fn wanted(&self) -> Option<u64> {
        (self.entries.is_empty() && self.loaded < self.next).then_some(self.loaded)
    }

    /// Takes lines that were read from the spool; the next ones are from `next` on.
    pub fn load(&mut self, entries: Vec<Entry>, next: u64) {
        self.bytes += entries.iter().map(Entry::byte_len).sum::<usize>();
        self.entries.extend(entries);
        self.loaded = next;
        self.settle(self.settled);
    }

    /// Whether this many lines or bytes wait, or more than there is room for.
    pub fn fills(&self, lines: usize, bytes: usize) -> bool {
        self.entries.len() >= lines || self.bytes >= bytes || self.loaded < self.next
    }

    /// The first lines, at most so many and of so many bytes; one in any case.
    pub fn head(&self, lines_max: usize, bytes_max: usize) -> Vec<Entry> {
        let mut bytes = 0;
        let fits = |(place, entry): &(usize, &Entry)| {
            bytes += entry.byte_len();
            *place == 0 || bytes <= bytes_max
        };
        self.entries.iter().take(lines_max).enumerate().take_while(fits).map(|(_, entry)| entry.clone()).collect()
    }

    /// All lines before `sequence` are dealt with.
    pub fn settle(&mut self, sequence: u64) {
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.sequence < sequence) {
            self.bytes -= entry.byte_len();
        }
        self.settled = match self.entries.front() {
            Some(_) => self.settled.max(sequence),
            // Lines that the spool lost are dealt with too.
            None => self.loaded,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.sequence).collect()
    }

    #[test]
    fn batches_are_bounded_by_lines_and_bytes_and_never_empty() {
        let mut queue = Queue::new(100, 1000);
        ["four", "four", "a line that is longer", "four"].iter().for_each(|text| queue.push(text));
        assert_eq!(sequences(&queue.head(3, 1000)), [0, 1, 2]);
        assert_eq!(sequences(&queue.head(9, 10)), [0, 1]);
        assert_eq!(sequences(&queue.head(9, 9)), [0]);
        queue.settle(2);
        assert_eq!(sequences(&queue.head(9, 1)), [2]);
        assert_eq!((queue.waiting(), queue.settled()), (2, 2));
        assert!(queue.fills(2, 1000) && queue.fills(9, 27) && !queue.fills(3, 28));
    }

    #[test]
    fn what_has_no_room_comes_back_in_its_turn() {
        let mut queue = Queue::new(2, 1000);
        queue.resume(10, 10);
        ["a", "b", "c", "d"].iter().for_each(|text| queue.push(text));
        assert!(!queue.has_room(1, 2) && queue.fills(9, 1000));
        assert_eq!((queue.waiting(), queue.wanted()), (4, None));
        queue.settle(12);
        assert_eq!((queue.waiting(), queue.wanted()), (2, Some(12)));
        queue.push("e");
        assert_eq!(queue.wanted(), Some(12), "lines keep their order");
        queue.load(vec![Entry { sequence: 13, text: "d".into() }], 14);
        assert_eq!((queue.settled(), sequences(&queue.head(9, 1000))), (12, vec![13]));
        queue.settle(14);
        queue.load(Vec::new(), 15);
        assert_eq!((queue.settled(), queue.waiting(), queue.wanted()), (15, 0, None), "the spool has lost line 14");
        queue.push("f");
        assert_eq!(sequences(&queue.head(9, 1000)), [15]);
    }
}
