//! Crashes, failures and damage of spools on a simulated disk: what was acknowledged is there, and nothing else.

use super::*;
use crate::codec::file_header::HEADER_BYTES;
use crate::files::sim::{FailAt, Fault, LossPolicy, Repeat, SimDisk};
use crate::model::Timestamp;
use crate::store::FixedEnvironment;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Small, so that files are many.
const BYTES_MAX: u64 = 4000;

/// Identities that no two files of any test share.
struct Identities;

impl Environment for Identities {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(0)
    }

    fn file_id(&self) -> FileId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        FileId(id)
    }
}

fn open(disk: &SimDisk) -> Result<(Spool, Vec<DecodeError>), SpoolError> {
    Spool::open(Arc::new(disk.clone()), Arc::new(Identities), BYTES_MAX)
}

/// Everything that waits, and the damage that was met on the way.
fn waiting(spool: &Spool) -> (Vec<String>, Vec<DecodeError>) {
    let (mut texts, mut damage) = (Vec::new(), Vec::new());
    let mut from = spool.settled();
    while from < spool.durable() {
        let (loaded, met) = spool.load(from).unwrap();
        assert!(loaded.next > from, "it goes on");
        texts.extend(loaded.entries.iter().map(|entry| entry.text.to_string()));
        damage.extend(met);
        from = loaded.next;
    }
    (texts, damage)
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A call of so many lines.
    Append(usize),
    Sync,
    /// So many more lines are delivered.
    Settle(u64),
    Clear,
    /// The process ends in good order.
    Close,
    /// The process is killed.
    Kill,
}

/// A course of things, the same for the same seed.
fn script(seed: u64) -> Vec<Step> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) % bound
    };
    let mut one = || match below(20) {
        0..=7 => Step::Append(1 + below(4) as usize),
        8..=13 => Step::Sync,
        14..=16 => Step::Settle(1 + below(9)),
        17 => Step::Clear,
        18 => Step::Close,
        _ => Step::Kill,
    };
    (0..40).map(|_| one()).collect()
}

/// What a run has promised.
#[derive(Debug, Default)]
struct Run {
    /// Lines in the order in which they may be found.
    appended: Vec<String>,
    /// So many of them are durable.
    durable: usize,
    /// So many of them were to be settled.
    settled: usize,
    /// Lines of calls that failed, and are nowhere.
    refused: HashSet<String>,
    calls: u64,
}

impl Run {
    /// Runs a script until the power goes. Failures that are no end are lived with.
    fn on(disk: &SimDisk, script: &[Step]) -> Self {
        let mut run = Self::default();
        // The power has gone, or the spool takes nothing more: that is the end.
        let _ = run.go(disk, script);
        run.calls = disk.calls();
        run
    }

    fn go(&mut self, disk: &SimDisk, script: &[Step]) -> Result<(), SpoolError> {
        let mut spool = open(disk)?.0;
        let mut lines = 0;
        for step in script {
            match *step {
                Step::Append(count) => {
                    let texts: Vec<String> = (0..count)
                        .map(|_| {
                            lines += 1;
                            format!("line {lines} {}", "x".repeat(lines % 50))
                        })
                        .collect();
                    match spool.append(&texts) {
                        Err(SpoolError::File(error)) if error.is_simulated_crash() => {
                            self.appended.extend(texts);
                            return Err(error.into());
                        }
                        Err(_) => self.refused.extend(texts),
                        Ok(()) => self.appended.extend(texts),
                    }
                    self.durable = self.place(&spool, spool.durable());
                }
                Step::Sync => {
                    if let Some(job) = spool.begin_sync() {
                        spool.check_usable()?;
                        let result = job.run();
                        spool.finish_sync(&job, result)?;
                        self.durable = self.place(&spool, spool.durable());
                    }
                }
                Step::Settle(count) => {
                    let to = (spool.settled() + count).min(spool.durable());
                    self.settled = self.place(&spool, to);
                    spool.settle(to);
                }
                Step::Clear => spool.clear(),
                Step::Close | Step::Kill => {
                    if matches!(step, Step::Close) {
                        spool.sync_all();
                        spool.close();
                    } else {
                        drop(spool);
                    }
                    spool = open(disk)?.0;
                    self.durable = self.place(&spool, spool.durable());
                }
            }
        }
        Ok(())
    }

    /// The place among the lines of a sequence of the spool.
    fn place(&self, spool: &Spool, sequence: u64) -> usize {
        self.appended.len().saturating_sub((spool.appended() - sequence) as usize)
    }

    /// Checks what the next life finds.
    fn check(&self, disk: &SimDisk) -> Result<(), String> {
        let (mut spool, damage) = open(disk).map_err(|error| error.to_string())?;
        let (texts, met) = waiting(&spool);
        if !damage.is_empty() || !met.is_empty() {
            return Err(format!("damage: {damage:?} {met:?}"));
        }
        let places: Vec<usize> = texts
            .iter()
            .map(|text| {
                self.appended.iter().position(|other| other == text).ok_or(format!("`{text}` came from nowhere"))
            })
            .collect::<Result<_, _>>()?;
        if !places.is_sorted_by(|one, next| one < next) {
            return Err(format!("the order is {places:?}"));
        }
        if let Some(lost) = (self.settled..self.durable).find(|place| !places.contains(place)) {
            return Err(format!("line {lost} of {self:?} is lost"));
        }
        if let Some(text) = texts.iter().find(|text| self.refused.contains(*text)) {
            return Err(format!("`{text}` was refused and is there"));
        }
        // It goes on.
        spool.append(&["more".to_owned()]).or_else(|error| match error {
            SpoolError::Full { .. } => Ok(()),
            other => Err(other.to_string()),
        })?;
        spool.sync_all();
        drop(spool);
        let (spool, damage) = open(disk).map_err(|error| error.to_string())?;
        let again = waiting(&spool).0;
        if !damage.is_empty() || again[..texts.len().min(again.len())] != texts[..] {
            return Err(format!("then {damage:?}, and {again:?} where {texts:?} was"));
        }
        Ok(())
    }
}

/// Every way in which the disk may be found.
fn images(disk: &SimDisk, seed: u64) -> Vec<(String, SimDisk)> {
    let mut images = vec![("killed".to_owned(), disk.kill_image())];
    for policy in LossPolicy::ALL {
        for time in 0..if policy.uses_seed() { 3 } else { 1 } {
            images.push((format!("{policy:?} {time}"), disk.crash_image(policy, seed * 3 + time)));
        }
    }
    images
}

/// Crashes at every call. Answers how many images there were, or the first problem.
fn crash_everywhere(seed: u64, omitted: Option<&str>) -> Result<usize, String> {
    let script = script(seed);
    let fresh = || {
        let disk = SimDisk::new();
        omitted.iter().for_each(|label| disk.omit_sync(label));
        disk
    };
    let mut seen = HashSet::new();
    for call in 1..=Run::on(&fresh(), &script).calls {
        let disk = fresh();
        disk.crash_after(call);
        let run = Run::on(&disk, &script);
        for (way, image) in images(&disk, seed * 1000 + call) {
            let place = |problem| format!("seed {seed}, call {call}, {way}: {problem}");
            let print = image.fingerprint();
            if seen.insert(print) && print % 64 == 0 {
                crash_again(&image, &run, print).map_err(place)?;
            }
            run.check(&image).map_err(place)?;
        }
    }
    Ok(seen.len())
}

/// Crashes at every call of opening the spool.
fn crash_again(image: &SimDisk, run: &Run, seed: u64) -> Result<(), String> {
    let opened = image.fork();
    drop(open(&opened).map_err(|error| error.to_string())?);
    for call in 1..=opened.calls() {
        let disk = image.fork();
        disk.crash_after(call);
        // It does not come to its end.
        let _ = open(&disk);
        for (way, image) in images(&disk, seed % 1000 + call) {
            run.check(&image).map_err(|problem| format!("then call {call}, {way}: {problem}"))?;
        }
    }
    Ok(())
}

#[test]
fn t1_every_crash_leaves_everything_acknowledged() {
    let images: usize =
        (0..12).map(|seed| crash_everywhere(seed, None).unwrap_or_else(|error| panic!("{error}"))).sum();
    assert!(images > 3000, "{images} images are few");
}

#[test]
fn t2_every_sync_that_is_left_out_is_noticed() {
    for label in ["spool", "spool file", "spool file name"] {
        assert!((0..20).any(|seed| crash_everywhere(seed, Some(label)).is_err()), "nobody misses `{label}`");
    }
}

#[test]
fn t3_calls_that_fail_lose_nothing_acknowledged() {
    for seed in 0..2 {
        let script = script(seed);
        for call in 1..=Run::on(&SimDisk::new(), &script).calls {
            for fault in Fault::ALL {
                for repeat in [Repeat::Once, Repeat::ForEver] {
                    let disk = SimDisk::new();
                    disk.fail_plan(FailAt::Call(call), fault, repeat);
                    let run = Run::on(&disk, &script);
                    disk.clear_faults();
                    for (way, image) in images(&disk, call) {
                        let checked = run.check(&image);
                        checked
                            .unwrap_or_else(|problem| panic!("seed {seed}, call {call}, {fault:?}, {way}: {problem}"));
                    }
                }
            }
        }
    }
}

/// A spool of several files in which every byte is known to be durable, and its lines.
fn settled_spool() -> (SimDisk, Vec<String>) {
    let disk = SimDisk::new();
    let mut spool = open(&disk).unwrap().0;
    let lines: Vec<String> = (0..46).map(|number| format!("line {number} {}", "x".repeat(number))).collect();
    for call in lines.chunks(2) {
        spool.append(call).unwrap();
        spool.sync_all();
    }
    drop(spool);
    // Opening writes the newest anew.
    drop(open(&disk).unwrap());
    (disk, lines)
}

#[test]
fn t4_every_damaged_byte_is_told_and_costs_one_call_at_most() {
    let (disk, lines) = settled_spool();
    let files: Vec<String> = disk.names().into_iter().filter(|name| name.starts_with("spool-")).collect();
    assert!(files.len() > 2, "{files:?}");
    for name in &files {
        for offset in 0..disk.contents(name).unwrap().len() {
            let damaged = disk.fork();
            damaged.damage(name, offset as u64, 1 << (offset % 8));
            let (spool, damage) = open(&damaged).unwrap();
            let told = damage.first().unwrap_or_else(|| panic!("byte {offset} of {name} goes unnoticed"));
            assert_eq!(told.file.as_deref(), Some(&name[..]), "byte {offset}");
            let (texts, met) = waiting(&spool);
            assert!(texts.iter().all(|text| lines.contains(text)) && texts.is_sorted_by_key(|text| place(text)));
            assert!(met.is_empty(), "it is told once");
            if offset >= HEADER_BYTES {
                assert!(told.offset <= offset as u64, "byte {offset} of {name}: {told}");
                assert!(texts.len() + 2 >= lines.len(), "byte {offset} of {name} costs {}", lines.len() - texts.len());
            } else {
                assert!(damaged.contents(name).is_some(), "what cannot be read is left");
            }
        }
    }
}

fn place(text: &str) -> usize {
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn t5_files_that_are_cut_or_are_no_files_of_a_spool_are_told() {
    let (disk, lines) = settled_spool();
    let first = disk.names().into_iter().find(|name| name.starts_with("spool-")).unwrap();
    for length in 0..disk.contents(&first).unwrap().len() {
        let cut = disk.fork();
        cut.truncate(&first, length as u64);
        let (spool, damage) = open(&cut).unwrap();
        assert_eq!(damage.first().and_then(|damage| damage.file.as_deref()), Some(&first[..]), "cut to {length}");
        let texts = waiting(&spool).0;
        assert!(texts.len() < lines.len() && lines.ends_with(&texts[texts.len() - 10..]));
    }
    for content in [vec![0; 5000], b"words".to_vec(), Vec::new()] {
        let other = disk.fork();
        other.put("spool-00000099", content);
        other.put("notes.txt", b"mine".to_vec());
        let (spool, damage) = open(&other).unwrap();
        assert_eq!((damage.len(), waiting(&spool).0), (1, lines.clone()));
        assert!(other.contents("notes.txt").is_some());
    }
}

#[test]
fn t14_the_golden_spool_is_written_and_read_byte_for_byte() {
    let golden = include_bytes!("../../../format-spec/golden/v1/spool/spool-00000001");
    let lines = [
        r#"{"type":"track","distinct_id":"user_1","event":"opened","timestamp":"2026-01-03T10:00:00Z","insert_id":"00c1"}"#,
        r#"{"type":"alias","distinct_id":"user_1","alias":"anon_7f3","timestamp":"2026-01-03T10:00:01Z"}"#,
        r#"{"type":"identify","distinct_id":"user_1","timestamp":"2026-01-03T10:00:01Z"}"#,
    ]
    .map(str::to_owned);
    let disk = SimDisk::new();
    let environment = Arc::new(FixedEnvironment::new(Timestamp::clamped(0)));
    let mut spool = Spool::open(Arc::new(disk.clone()), environment, BYTES_MAX).unwrap().0;
    for call in [&lines[..1], &lines[1..]] {
        spool.append(call).unwrap();
        spool.sync_all();
    }
    spool.settle(1);
    assert_eq!(disk.contents("spool-00000001").unwrap(), golden[..]);

    let disk = SimDisk::new();
    disk.put("spool-00000001", *golden);
    let (spool, damage) = open(&disk).unwrap();
    assert_eq!((spool.settled(), waiting(&spool).0, damage), (1, lines[1..].to_vec(), Vec::new()));
}

#[test]
fn one_process_uses_a_spool() {
    let disk = SimDisk::new();
    let first = open(&disk).unwrap();
    assert!(matches!(open(&disk), Err(SpoolError::Lock(LockError::Held { .. }))));
    drop(first);
    assert!(open(&disk).is_ok());
}

#[test]
fn a_spool_is_bounded_and_has_room_again_once_lines_are_settled() {
    let disk = SimDisk::new();
    let mut spool = open(&disk).unwrap().0;
    let line = ["x".repeat(100)];
    while spool.append(&line).is_ok() {}
    assert!(matches!(spool.append(&line), Err(SpoolError::Full { bytes_max: BYTES_MAX })));
    let on_disk =
        |disk: &SimDisk| disk.names().iter().map(|name| disk.contents(name).unwrap().len() as u64).sum::<u64>();
    assert!(on_disk(&disk) > BYTES_MAX / 2 && on_disk(&disk) < BYTES_MAX + 1000, "{}", on_disk(&disk));
    spool.sync_all();
    spool.settle(spool.durable() / 2);
    spool.append(&line).unwrap();
    spool.sync_all();
    spool.settle(spool.durable());
    // Nothing waits: what is left of the newest file makes room.
    spool.append(&["y".repeat(BYTES_MAX as usize - 200)]).unwrap();
    spool.sync_all();
    spool.settle(spool.durable());
    spool.close();
    assert!(disk.names().iter().all(|name| !name.starts_with("spool-")), "{:?}", disk.names());
}

#[test]
fn a_failed_sync_is_the_end_of_taking_but_not_of_delivering() {
    let disk = SimDisk::new();
    let mut spool = open(&disk).unwrap().0;
    spool.append(&["kept".to_owned()]).unwrap();
    spool.sync_all();
    disk.fail_plan(FailAt::Label { label: "spool".to_owned(), nth: 1 }, Fault::InputOutput, Repeat::Once);
    spool.append(&["unknown".to_owned()]).unwrap();
    spool.sync_all();
    assert!(matches!(spool.append(&["more".to_owned()]), Err(SpoolError::Poisoned { .. })));
    assert_eq!(waiting(&spool).0, ["kept"]);
}
