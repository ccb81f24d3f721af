//! T1: the power goes, or the process is killed, at every call of the disk, and again while the store recovers.
//! T2: each sync is left out in turn, which T1's check must notice.

use super::history::{History, Step};
use super::oracle::{check, step_after};
use super::run::{Life, Progress, Run, Trouble, open, run, write};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use trackcrumb::files::sim::{LossPolicy, SimDisk};
use trackcrumb::input::parse_line;
use trackcrumb::store::StoreError;

/// How it ends.
#[derive(Clone, Copy, Debug)]
enum End {
    PowerLost(LossPolicy, u64),
    /// The next process sees what was written, synced or not.
    Killed,
}

impl End {
    /// Every policy, those that leave something to chance several times.
    fn all(seed: u64) -> Vec<Self> {
        let mut ends = vec![Self::Killed];
        for policy in LossPolicy::ALL {
            let times = if policy.uses_seed() { 3 } else { 1 };
            ends.extend((0..times).map(|time| Self::PowerLost(policy, seed.wrapping_mul(3).wrapping_add(time))));
        }
        ends
    }

    fn image(self, disk: &SimDisk) -> SimDisk {
        match self {
            Self::PowerLost(policy, seed) => disk.crash_image(policy, seed),
            Self::Killed => disk.kill_image(),
        }
    }
}

/// What was found so far, by all threads.
#[derive(Default)]
struct Tally {
    images: Mutex<HashSet<u64>>,
    nested: Mutex<HashSet<u64>>,
}

fn add(set: &Mutex<HashSet<u64>>, image: u64) {
    set.lock().unwrap().insert(image);
}

fn count(set: &Mutex<HashSet<u64>>) -> usize {
    set.lock().unwrap().len()
}

/// Tries every crash of one history, with a sync left out or none; checks each image once. Answers the first problem.
/// `enough` is asked between calls.
fn crash_everywhere(
    history: &History,
    seed: u64,
    omitted: Option<&str>,
    tally: &Tally,
    enough: impl Fn() -> bool,
) -> Result<(), String> {
    // The same image may be found after several calls: with more acknowledged, or from another way of ending.
    let mut seen: HashMap<(u64, bool), Vec<usize>> = HashMap::new();
    for call in 1..=run(history, Trouble { crash_at: None, omitted }).calls {
        if enough() {
            break;
        }
        let Run { disk, progress, .. } = run(history, Trouble { crash_at: Some(call), omitted });
        for end in End::all(seed * 1000 + call) {
            let place = |problem| format!("seed {seed}, call {call}, {end:?}, {progress:?}: {problem}");
            let image = end.image(&disk);
            let print = image.fingerprint();
            let killed = matches!(end, End::Killed);
            let marks = seen.entry((print, killed)).or_default();
            if marks.is_empty() {
                add(&tally.images, print);
                let mark = check(&image.fork(), history, progress, print).map_err(place)?;
                marks.extend((0..history.marks.len()).filter(|other| history.marks[*other] == history.marks[mark]));
                let every = match omitted {
                    // Of this sync, which is recovery's alone, only a second crash tells.
                    Some("found names") if killed => 4,
                    _ if killed => 48,
                    _ => 512,
                };
                if print % every == 0 {
                    // A killed process leaves what may still be lost: what it did not acknowledge.
                    let marks = progress.acknowledged..=mark;
                    crash_again(&image, history, marks, omitted, print, tally).map_err(place)?;
                }
            }
            let allowed = progress.acknowledged..=progress.begun;
            if !marks.iter().any(|mark| allowed.contains(mark)) {
                return Err(place(format!("marks {marks:?} are found")));
            }
        }
    }
    Ok(())
}

/// Opens the store on an image and writes to it, and crashes at every call of that.
fn crash_again(
    image: &SimDisk,
    history: &History,
    marks: RangeInclusive<usize>,
    omitted: Option<&str>,
    seed: u64,
    tally: &Tally,
) -> Result<(), String> {
    let step = step_after(history.lines_at(*marks.end()));
    let continued = history.continued(marks, &step);
    let begun = continued.marks.len() - 1;
    let go_on = |disk: &SimDisk| -> Result<usize, StoreError> {
        omitted.iter().for_each(|label| disk.omit_sync(label));
        let store = open(disk, &Life::new(500))?;
        write(&store, &step)?;
        Ok(begun)
    };
    let probe = image.fork();
    go_on(&probe).map_err(|error| error.to_string())?;
    for call in 1..=probe.calls() {
        let disk = image.fork();
        disk.crash_after(call);
        let progress = Progress { acknowledged: go_on(&disk).unwrap_or(0), begun };
        let ends = End::all(seed.wrapping_add(call));
        for end in [ends[call as usize % ends.len()], End::PowerLost(LossPolicy::NewestOnly, 0)] {
            let image = end.image(&disk);
            let print = image.fingerprint();
            add(&tally.nested, print);
            check(&image, &continued, progress, print)
                .map_err(|problem| format!("then call {call}, {end:?}, {progress:?}: {problem}"))?;
        }
    }
    Ok(())
}

#[test]
fn t1_every_crash_leaves_everything_acknowledged() {
    let wanted = std::env::var("TRACKCRUMB_T1_IMAGES").map_or(20_000, |number| number.parse().unwrap());
    let tally = Tally::default();
    let next_seed = AtomicU64::new(0);
    let enough = || count(&tally.images) >= wanted && count(&tally.nested) >= wanted / 10;
    let work = || {
        while !enough() {
            let seed = next_seed.fetch_add(1, Ordering::Relaxed);
            let crashed = crash_everywhere(&History::from_seed(seed), seed, None, &tally, enough);
            crashed.unwrap_or_else(|problem| panic!("{problem}"));
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work();
        other.join().unwrap();
    });
    let (images, nested) = (count(&tally.images), count(&tally.nested));
    assert!(images >= wanted && nested >= wanted / 10, "{images} images and {nested} of second crashes");
}

/// A batch and its key are both there or both not, and what comes again leaves one copy: nothing but the key tells.
#[test]
fn t1_a_batch_and_its_key_last_together() {
    let batch = |user: &str, count: usize| {
        let line = format!(r#"{{"type":"track","distinct_id":"{user}","event":"e","timestamp":5}}"#);
        vec![parse_line(line.as_bytes()).unwrap(); count]
    };
    let (first, second) = (Step::WriteOnce(batch("ada", 3), 1), Step::WriteOnce(batch("bob", 2), 2));
    let other_body = Step::WriteOnce(batch("ada", 4), 1);
    let history = History::new(vec![
        first.clone(),
        Step::Kill,
        first.clone(),
        Step::Seal,
        second.clone(),
        Step::Reopen,
        other_body,
        Step::DeleteUser("ada"),
        Step::Compact,
        first,
        Step::Write(batch("dora", 1)),
        second,
    ]);
    assert_eq!(history.lines_at(history.marks.len() - 1).len(), 3);
    let tally = Tally::default();
    crash_everywhere(&history, 1, None, &tally, || false).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(count(&tally.images) > 200, "{} images", count(&tally.images));
}

/// The labels of all syncs.
const LABELS: [&str; 10] = [
    "erased file name",
    "found names",
    "log",
    "manifest",
    "manifest name",
    "merged file name",
    "new log",
    "new log name",
    "sealed file",
    "sealed file name",
];

#[test]
fn t2_every_sync_that_is_left_out_is_noticed() {
    let run_whole = |seed| run(&History::from_seed(seed), Trouble::default()).syncs;
    let seen: BTreeSet<String> = (0..5).flat_map(run_whole).collect();
    assert_eq!(seen.iter().collect::<Vec<_>>(), LABELS, "a sync is new, or its label");
    for label in LABELS {
        let noticed = |seed| {
            let history = History::from_seed(seed);
            crash_everywhere(&history, seed, Some(label), &Tally::default(), || false).is_err()
        };
        assert!((0..60).any(noticed), "nobody notices that `{label}` is left out");
    }
}
