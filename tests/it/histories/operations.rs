//! T7: random operations, some cut short by a loss of power, against the naive evaluator.

use super::{answer, cases, difference, fail, timed};
use crate::generate::{self, Scope};
use crate::naive::Naive;
use crate::support::{TestEnvironment, exported_json};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use trackcrumb::files::sim::{LossPolicy, SimDisk};
use trackcrumb::input::parse_line;
use trackcrumb::store::{Options, Store, StoreError, verify};

const DAY_MICROS: i64 = 86_400_000_000;

/// Something done to a store.
#[derive(Clone, Debug)]
enum Operation {
    /// So many of the lines that are left.
    Write(usize),
    Seal,
    Compact,
    Reopen,
    DeleteUser(prop::sample::Index),
    DeleteKey(prop::sample::Index),
    Expire(u32),
}

/// A loss of power during an operation: at which call of the disk, and what survives.
#[derive(Clone, Copy, Debug)]
struct Loss {
    call: u64,
    policy: LossPolicy,
    seed: u64,
}

type Step = (Operation, Option<Loss>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let operation = prop_oneof![
        10 => (1usize..25).prop_map(Operation::Write),
        2 => Just(Operation::Seal),
        2 => Just(Operation::Compact),
        1 => Just(Operation::Reopen),
        1 => any::<prop::sample::Index>().prop_map(Operation::DeleteUser),
        1 => any::<prop::sample::Index>().prop_map(Operation::DeleteKey),
        1 => (1u32..40).prop_map(Operation::Expire),
    ];
    let policy = prop::sample::select(LossPolicy::ALL.to_vec());
    let loss = (1u64..40, policy, any::<u64>()).prop_map(|(call, policy, seed)| Loss { call, policy, seed });
    prop::collection::vec((operation, prop::option::weighted(0.3, loss)), 4..14)
}

/// A store, and what it should hold.
struct Pair {
    disk: SimDisk,
    environment: Arc<TestEnvironment>,
    /// `None` after it could not be closed.
    store: Option<Store>,
    naive: Naive,
    now_us: i64,
}

fn open(disk: &SimDisk, environment: &Arc<TestEnvironment>) -> Result<Store, StoreError> {
    let options = Options { log_bytes_max: 8 << 10, merge_width: 2, ..Options::default() };
    Store::open_storage(Arc::new(disk.clone()), environment.clone(), options)
}

/// How much of each kind there is, and how much ever arrived: by this, what an operation did is told from its not
/// having happened.
fn amounts<'l>(lines: impl Iterator<Item = &'l Value>, arrivals: u64) -> BTreeMap<&'l str, u64> {
    let mut amounts = BTreeMap::from([("arrivals", arrivals)]);
    for line in lines {
        let kind = line["type"].as_str().unwrap();
        if matches!(kind, "track" | "identify" | "group") {
            *amounts.entry(kind).or_default() += 1;
            *amounts.entry("keys").or_default() += line["groups"].as_object().map_or(0, |groups| groups.len() as u64);
            *amounts.entry("users").or_default() += u64::from(line["distinct_id"].is_string());
        }
    }
    amounts.retain(|_, amount| *amount > 0);
    amounts
}

impl Pair {
    fn new(now_us: i64) -> Self {
        let (disk, environment) = (SimDisk::new(), Arc::new(TestEnvironment::default()));
        environment.set_now(now_us);
        let store = Some(open(&disk, &environment).unwrap());
        Self { disk, environment, store, naive: Naive::default(), now_us }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Does something to the store, and tells the naive evaluator's state after it.
    fn take(&mut self, operation: &Operation, lines: &mut &[Value]) -> (Result<(), StoreError>, Naive) {
        let mut after = self.naive.clone();
        let done = match operation {
            Operation::Write(count) => {
                let (batch, rest) = lines.split_at((*count).min(lines.len()));
                *lines = rest;
                batch.iter().for_each(|line| drop(after.accept(line, self.now_us)));
                let parsed = batch.iter().filter_map(|line| parse_line(line.to_string().as_bytes()).ok());
                self.store().write(parsed).map(drop)
            }
            Operation::Seal => self.store().seal(),
            Operation::Compact => self.store().compact(|_| ()).map(drop),
            Operation::Reopen => {
                let closed = self.store.take().unwrap().close();
                let opened = closed.and_then(|()| open(&self.disk, &self.environment));
                opened.map(|store| self.store = Some(store))
            }
            Operation::DeleteUser(index) => match after.users_now() {
                users if users.is_empty() => Ok(()),
                users => {
                    let user = index.get(&users).clone();
                    after.delete_user(&user);
                    self.store().delete_users(&[user]).map(drop)
                }
            },
            Operation::DeleteKey(index) => match after.keys_now() {
                keys if keys.is_empty() => Ok(()),
                keys => {
                    let (group_type, key) = index.get(&keys).clone();
                    after.delete_key(&group_type, &key);
                    self.store().delete_keys(&group_type, &[key]).map(drop)
                }
            },
            Operation::Expire(days) => {
                let midnight_us = self.now_us.div_euclid(DAY_MICROS) * DAY_MICROS;
                after.expire(midnight_us - i64::from(*days) * DAY_MICROS);
                self.store().expire(*days).map(drop)
            }
        };
        (done, after)
    }

    /// Takes a step; the power may go meanwhile.
    fn step(&mut self, (operation, loss): &Step, lines: &mut &[Value]) -> Result<(), TestCaseError> {
        if let Some(loss) = loss {
            self.disk.crash_after(loss.call);
        }
        let before = self.naive.clone();
        let (done, after) = self.take(operation, lines);
        let Some(loss) = loss else {
            prop_assert!(done.is_ok(), "{operation:?}: {done:?}");
            self.naive = after;
            return Ok(());
        };
        self.disk = self.disk.crash_image(loss.policy, loss.seed);
        self.store = Some(open(&self.disk, &self.environment).unwrap());
        let snapshot = self.store().snapshot().unwrap();
        let lines = exported_json(&snapshot);
        let found = amounts(lines.iter(), snapshot.next_arrival().raw());
        // What was done stays done; what was cut short is there or not, as a whole.
        let allowed = if done.is_ok() { vec![after] } else { vec![after, before] };
        let fits = allowed.into_iter().find(|naive| amounts(naive.lines().iter(), naive.arrivals()) == found);
        match fits {
            Some(naive) => self.naive = naive,
            None => prop_assert!(false, "after {operation:?}, {loss:?}, {done:?}: {found:?} is found"),
        }
        Ok(())
    }

    fn check(&self, documents: &[Value]) -> Result<(), TestCaseError> {
        let snapshot = self.store().snapshot().unwrap();
        let answers: Vec<(&Value, Option<String>)> =
            documents.iter().map(|document| (document, answer(&snapshot, document, self.now_us))).collect();
        difference(&answers, &self.naive, self.now_us).map_err(fail)
    }
}

proptest! {
    #![proptest_config(Config { cases: cases("TRACKCRUMB_T7_CASES", 256), failure_persistence: None, ..Config::default() })]

    #[test]
    fn t7_any_operations_leave_what_the_naive_evaluator_says(
        case in generate::case(Scope::Whole, 120, 4..=8),
        steps in steps(),
    ) {
        let lines = timed(&case.history);
        let mut left = lines.as_slice();
        let mut pair = Pair::new(case.now_us);
        for step in &steps {
            pair.step(step, &mut left)?;
            pair.check(&case.documents[..2])?;
        }
        pair.check(&case.documents)?;
        let disk = pair.disk.clone();
        pair.store.take().unwrap().close().unwrap();
        prop_assert_eq!(verify(&disk).unwrap().damage, []);
    }
}
