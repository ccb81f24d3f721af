//! Runs steps against a store.

use super::history::{Fate, History, NOW_MICROS, Step};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trackcrumb::Store;
use trackcrumb::codec::FileId;
use trackcrumb::files::Operation;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::model::{GroupType, Timestamp};
use trackcrumb::store::{BatchKey, Environment, Options, Outcome, Removal, StoreError, WriteOnceError};

/// Sizes at which everything happens soon.
pub const OPTIONS: Options =
    Options { log_bytes_max: 1000, merge_width: 2, segment_rows_max: 1000, compacted_rows_max: 1000 };

/// A clock that stands still, and identities that are new in each life of the program.
pub struct Life {
    number: u64,
    files: AtomicU64,
}

impl Life {
    pub fn new(number: u64) -> Arc<Self> {
        Arc::new(Self { number, files: AtomicU64::new(0) })
    }
}

impl Environment for Life {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(NOW_MICROS).unwrap()
    }

    fn file_id(&self) -> FileId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.number.to_be_bytes());
        id[8..].copy_from_slice(&self.files.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        FileId(id)
    }
}

/// Opens the store on a disk for writing.
pub fn open(disk: &SimDisk, life: &Arc<Life>) -> Result<Store, StoreError> {
    let environment: Arc<dyn Environment> = Arc::clone(life) as _;
    Store::open_storage(Arc::new(disk.clone()), environment, OPTIONS)
}

/// Does one step that writes; answers what became of its lines.
pub fn write(store: &Store, step: &Step) -> Result<Vec<Fate>, StoreError> {
    let written = match step {
        Step::Write(lines) => store.write(lines.clone()),
        Step::WriteStrict(lines) => match store.write_strict(lines.clone()) {
            Err(StoreError::Refused { .. }) => return Ok(vec![Fate::Refused]),
            other => other,
        },
        Step::Import(lines, import) => store.write_import(lines.clone(), Some(*import), false),
        Step::WriteOnce(lines, key) => {
            let key = BatchKey::new(&[*key], "/v1/batch", format!("{lines:?}").as_bytes());
            match store.write_once(lines.clone(), &key) {
                Ok(written) => Ok(written),
                Err(WriteOnceError::KeyReused { .. }) => return Ok(vec![Fate::Refused]),
                Err(WriteOnceError::Store(error)) => Err(error),
            }
        }
        Step::Declare(group_type, name) => {
            store.declare_group_type(&GroupType::new(*group_type).unwrap(), name)?;
            return Ok(Vec::new());
        }
        Step::OnlyDeclared(on) => {
            store.set_only_declared(*on)?;
            return Ok(Vec::new());
        }
        Step::DeleteUser(id) => return deleted(store.delete_users(&[id])),
        Step::DeleteKey(group_type, key) => return deleted(store.delete_keys(group_type, &[key])),
        Step::Expire(days) => return deleted(store.expire(*days)),
        Step::Seal | Step::Compact | Step::Reopen | Step::Kill => unreachable!("these write nothing"),
    };
    let fate = |outcome| match outcome {
        Outcome::Accepted => Fate::Accepted,
        Outcome::Duplicate => Fate::Duplicate,
        Outcome::Refused(_) => Fate::Refused,
    };
    Ok(written?.outcomes.into_iter().map(fate).collect())
}

/// What is not there need not be deleted.
fn deleted(removal: Result<Removal, StoreError>) -> Result<Vec<Fate>, StoreError> {
    match removal {
        Ok(_) | Err(StoreError::Unknown(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether a store said of a step's lines what the model says. A strict batch that is refused names its first bad line.
pub fn same_fates(step: &Step, said: &[Fate], expected: &[Fate]) -> bool {
    let refused = matches!(step, Step::WriteStrict(_)) && expected.contains(&Fate::Refused);
    if refused { said == [Fate::Refused] } else { said == expected }
}

/// What is wrong with the disk that steps run on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble<'a> {
    /// The power goes at this call.
    pub crash_at: Option<u64>,
    /// Syncs with this label do nothing.
    pub omitted: Option<&'a str>,
}

/// How far a history got before the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The mark of the last step that was acknowledged.
    pub acknowledged: usize,
    /// The mark of the last step that was begun.
    pub begun: usize,
}

/// Steps that ran, and what they left.
pub struct Run {
    pub disk: SimDisk,
    pub progress: Progress,
    /// The labels of all syncs.
    pub syncs: BTreeSet<String>,
    /// The calls of all lives of the program.
    pub calls: u64,
}

/// Does all steps, or those before the power goes. Any other error is a failure.
pub fn run(history: &History, trouble: Trouble<'_>) -> Run {
    let progress = Progress { acknowledged: 0, begun: 0 };
    let mut run = Run { disk: SimDisk::new(), progress, syncs: BTreeSet::new(), calls: 0 };
    run.apply(trouble);
    // After a loss of power errors are of no interest.
    if let Err(error) = run.take_steps(history, trouble)
        && !run.disk.is_crashed()
    {
        panic!("{error}");
    }
    run.account();
    run
}

impl Run {
    fn apply(&self, trouble: Trouble<'_>) {
        if let Some(number) = trouble.crash_at {
            self.disk.crash_after(number.saturating_sub(self.calls));
        }
        if let Some(label) = trouble.omitted {
            self.disk.omit_sync(label);
        }
    }

    /// Adds up the calls of a disk that is done with.
    fn account(&mut self) {
        let is_sync = |operation| matches!(operation, Operation::Sync | Operation::SyncDirectory);
        self.calls += self.disk.calls();
        self.syncs.extend(self.disk.log().into_iter().filter(|call| is_sync(call.operation)).map(|call| call.label));
    }

    fn take_steps(&mut self, history: &History, trouble: Trouble<'_>) -> Result<(), StoreError> {
        let mut life = Life::new(1);
        let mut store = open(&self.disk, &life)?;
        for (number, step) in (2..).zip(&history.steps) {
            match step {
                Step::Seal => store.seal()?,
                Step::Compact => drop(store.compact(|_| ())?),
                Step::Reopen => {
                    store.close()?;
                    store = open(&self.disk, &life)?;
                }
                Step::Kill => {
                    let found = self.disk.kill_image();
                    self.account();
                    self.disk = found;
                    self.apply(trouble);
                    life = Life::new(number);
                    store = open(&self.disk, &life)?;
                }
                _ => {
                    self.progress.begun += 1;
                    write(&store, step)?;
                    self.progress.acknowledged += 1;
                }
            }
        }
        store.close()
    }
}
