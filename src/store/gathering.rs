//! Rows of batches on their way into a segment, gathered while the log is still written to and another is sealed, so that
//! little is left to do once it is full.
//!
//! Invariants:
//! - What is gathered is taken only for batches that begin with those it was gathered of, told by where the first and the
//!   last of them lie in memory. Whoever seals gathers the rest; where nothing fits, everything.
//! - It holds what the logs hold, and no more than a batch of what they held: whoever seals takes it or has it dropped.
//! - Nobody waits for its lock with the writer's lock held, unless maintenance is inline and nothing gathers.

use super::seal::Collected;
use crate::segment::SegmentRows;
use bytes::Bytes;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One for the log that waits to be sealed, and one for the log after it.
const GATHERED_MAX: usize = 2;
/// Batches of so many bytes are gathered before others may have the lock, or one that is larger.
const BYTES_AT_ONCE: usize = 1 << 20;

/// See the module.
#[derive(Default)]
pub(super) struct Gathering(Mutex<State>);

#[derive(Default)]
struct State {
    all: Vec<Gathered>,
    /// How often whoever seals came.
    taken: u64,
}

struct Gathered {
    mark: Mark,
    collected: Collected,
}

/// Of which batches something is gathered. They keep their places as long as the first and the last are here.
#[derive(Clone)]
struct Mark {
    first: Bytes,
    last: Bytes,
    count: usize,
}

/// How far gathering is.
pub(super) struct Progress {
    marks: Vec<Mark>,
    taken: u64,
}

/// Batches that are not gathered yet.
pub(super) struct Ungathered {
    mark: Option<Mark>,
    batches: Vec<Bytes>,
    is_all: bool,
    /// Room for rows, if none are gathered.
    room: SegmentRows,
}

fn is_same(one: &Bytes, other: &Bytes) -> bool {
    (one.as_ptr(), one.len()) == (other.as_ptr(), other.len())
}

impl Mark {
    /// Whether these batches begin with those.
    fn is_of<'b>(&self, batches: &(impl Iterator<Item = &'b Bytes> + Clone)) -> bool {
        let last = batches.clone().nth(self.count - 1);
        batches.clone().next().is_some_and(|first| is_same(first, &self.first))
            && last.is_some_and(|last| is_same(last, &self.last))
    }
}

impl Progress {
    /// Which of these batches are to be gathered next; `None` when there is none. `room` is asked for when nothing is
    /// gathered of them.
    pub fn next<'b>(
        &self,
        batches: impl Iterator<Item = &'b Bytes> + Clone,
        room: impl FnOnce() -> SegmentRows,
    ) -> Option<Ungathered> {
        let mark = self.marks.iter().rfind(|mark| mark.is_of(&batches)).cloned();
        let mut rest = batches.skip(mark.as_ref().map_or(0, |mark| mark.count)).peekable();
        rest.peek()?;
        let (mut next, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = rest.next_if(|batch| next.is_empty() || bytes + batch.len() <= BYTES_AT_ONCE) {
            bytes += batch.len();
            next.push(batch.clone());
        }
        let room = if mark.is_none() { room() } else { SegmentRows::default() };
        Some(Ungathered { mark, batches: next, is_all: rest.peek().is_none(), room })
    }
}

impl Gathering {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is gathered, for sure.
    pub fn is_idle(&self) -> bool {
        self.0.try_lock().is_ok_and(|state| state.all.is_empty())
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let state = self.state();
        Progress { marks: state.all.iter().map(|gathered| gathered.mark.clone()).collect(), taken: state.taken }
    }

    /// Gathers these batches, if nobody took or gathered anything since that progress. Answers whether there may be more.
    pub fn add(&self, since: &Progress, new: Ungathered) -> bool {
        let mut state = self.state();
        if state.taken != since.taken {
            return true;
        }
        let Ungathered { mark, batches, is_all, room } = new;
        let (Some(first), Some(last)) = (batches.first().cloned(), batches.last().cloned()) else { return false };
        // Out of the list while it is changed, so that none with half of a batch is ever taken.
        let (mark, mut collected) = match mark {
            None => (Mark { first, last, count: batches.len() }, Collected::new(room)),
            Some(mark) => {
                let is_it =
                    |known: &Gathered| known.mark.count == mark.count && is_same(&known.mark.first, &mark.first);
                let Some(place) = state.all.iter().position(is_it) else { return true };
                (Mark { last, count: mark.count + batches.len(), ..mark }, state.all.remove(place).collected)
            }
        };
        if batches.iter().try_for_each(|batch| collected.add(batch)).is_err() {
            // Whoever seals meets the damage, and tells of it.
            return false;
        }
        state.all.push(Gathered { mark, collected });
        let surplus = state.all.len().saturating_sub(GATHERED_MAX);
        state.all.drain(..surplus);
        !is_all
    }

    /// Takes what is gathered of the first of these batches, which are all there were, and of how many. What is gathered
    /// of others before stays no longer.
    pub fn take(&self, batches: &[Bytes]) -> Option<(Collected, usize)> {
        let mut state = self.state();
        state.taken += 1;
        let Some(place) = state.all.iter().rposition(|gathered| gathered.mark.is_of(&batches.iter())) else {
            state.all.clear();
            return None;
        };
        let Gathered { mark, collected } = state.all.drain(..=place).next_back()?;
        Some((collected, mark.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Storage;
    use crate::files::sim::SimDisk;
    use crate::input::parse_line;
    use crate::log::BatchBuilder;
    use crate::model::{Arrival, Timestamp};
    use crate::store::{FixedEnvironment, Options, Store};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::slice;
    use std::sync::Arc;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Write(u8),
        Gather,
        Seal,
        /// Begins to seal, gathers and writes, and fails or finishes.
        SealBeside(bool),
    }

    /// The files of a store after these steps, with gathering or without.
    fn files(steps: &[Step], gathers: bool) -> BTreeMap<String, Bytes> {
        let disk = SimDisk::new();
        let environment = FixedEnvironment::new(Timestamp::from_millis(0).unwrap());
        let store = Store::open_storage(Arc::new(disk.clone()), Arc::new(environment), Options::default()).unwrap();
        let gather = || while gathers && store.gather() {};
        let mut written = 0;
        let mut write = |lines: u8| {
            for _ in 0..lines {
                written += 1;
                let [user, key, time] = [written * 7 % 5, written * 3 % 4, written * 11 % 17];
                let text = format!(
                    r#"{{"type":"track","distinct_id":"u{user}","event":"e{key}","timestamp":{time},"groups":{{"t":"{key}"}},"properties":{{"p":"{time}","n":{key}}}}}"#
                );
                store.write([parse_line(text.as_bytes()).unwrap()]).unwrap();
            }
        };
        for step in steps {
            match step {
                Step::Write(lines) => write(*lines),
                Step::Gather => gather(),
                Step::Seal => store.seal().unwrap(),
                Step::SealBeside(fails) => {
                    let Some(sealing) = store.writer().engine.begin_seal().unwrap() else { continue };
                    write(3);
                    gather();
                    // A sealing that fails leaves files that the next manifest does not list.
                    let sealed = if *fails {
                        drop(sealing);
                        continue;
                    } else {
                        sealing.run()
                    };
                    write(1);
                    gather();
                    store.writer().engine.finish_seal(sealed).unwrap().remove();
                }
            }
        }
        store.seal().unwrap();
        store.close().unwrap();
        disk.list().unwrap().into_iter().map(|name| (name.clone(), disk.read(&name).unwrap())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn files_are_the_same_whether_rows_were_gathered_or_not(
            steps in prop::collection::vec(
                prop_oneof![
                    (1u8..9).prop_map(Step::Write),
                    Just(Step::Gather),
                    Just(Step::Seal),
                    any::<bool>().prop_map(Step::SealBeside),
                ],
                0..16,
            ),
        ) {
            prop_assert!(files(&steps, true) == files(&steps, false));
        }
    }

    #[test]
    fn what_is_gathered_is_taken_for_its_own_batches_alone() {
        let empty = |first: u64| BatchBuilder::default().finish(Arrival::new(first));
        let (a, b, c) = (empty(0), empty(0), empty(0));
        let gathering = Gathering::default();
        let next = |batches: &[Bytes]| gathering.progress().next(batches.iter(), SegmentRows::default);
        let add = |batches: &[Bytes]| next(batches).map(|new| gathering.add(&gathering.progress(), new));
        let taken = |batches: &[Bytes]| gathering.take(batches).map(|(_, count)| count);
        let both = [a.clone(), b.clone()];
        assert_eq!((add(&both), add(&both)), (Some(false), None));
        // Equal bytes in another place are another batch, and fewer are others too.
        assert_eq!(taken(&[Bytes::copy_from_slice(&a), b.clone()]), None);
        assert_eq!((add(&both), taken(&both[..1]), taken(&both)), (Some(false), None, None), "dropped by the first");
        assert_eq!((add(&both[..1]), add(&both), taken(&both)), (Some(false), Some(false), Some(2)));
        assert_eq!((add(&both), add(slice::from_ref(&c)), taken(&both)), (Some(false), Some(false), Some(2)));
        assert_eq!(taken(slice::from_ref(&c)), Some(1), "what came after it stays");
        let (before, new) = (gathering.progress(), next(&both).unwrap());
        assert_eq!(taken(&both), None);
        assert!(gathering.add(&before, new), "to be looked at anew");
        assert_eq!(taken(&both), None, "gone with those who took it");
        let damaged = Bytes::from_static(b"no batch");
        assert_eq!((add(&both[..1]), add(&[a.clone(), damaged]), taken(&both)), (Some(false), Some(false), None));
        let large = Bytes::from(vec![0; BYTES_AT_ONCE]);
        assert!(next(&[a.clone(), b, large.clone()]).is_some_and(|new| !new.is_all && new.batches.len() == 2));
        assert!(next(&[large, a]).is_some_and(|new| !new.is_all && new.batches.len() == 1));
    }
}
