//! What may be found on a disk after anything at all happened to the program: everything acknowledged, within a prefix
//! of what was asked; whole batches; nothing invented; and a store that goes on working.

use super::history::{Fate, History, Mark, Model, Step};
use super::run::{Life, Progress, open, same_fates, write};
use std::collections::BTreeMap;
use trackcrumb::files::sim::SimDisk;
use trackcrumb::input::parse_line;
use trackcrumb::model::{Line, StoredName};
use trackcrumb::store::{Snapshot, StoreError, StoreReader, verify};
use trackcrumb::testkit::{check_derived, stored_lines};

/// Everything that a snapshot shows.
#[derive(Debug, PartialEq)]
pub struct View {
    pub lines: Vec<Line>,
    pub declared: BTreeMap<String, String>,
    pub only_declared: bool,
}

impl View {
    /// Reads everything, and checks that it agrees with itself.
    pub fn checked(snapshot: &Snapshot) -> Result<Self, StoreError> {
        check_derived(snapshot)
            .map_err(|damage| StoreError::Damaged { location: snapshot.location().to_owned(), damage })?;
        Self::of(snapshot)
    }

    /// Reads what was accepted.
    pub fn of(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let damaged = |damage| StoreError::Damaged { location: snapshot.location().to_owned(), damage };
        let settings = snapshot.settings();
        let mut declared = BTreeMap::new();
        for (group_type, name) in &settings.declared {
            declared.insert(snapshot.name(StoredName::GroupType, *group_type).map_err(damaged)?, name.clone());
        }
        let lines = stored_lines(snapshot).map_err(damaged)?;
        Ok(Self { lines, declared, only_declared: settings.only_declared })
    }

    fn is(&self, lines: &[Line], mark: &Mark) -> bool {
        self.only_declared == mark.only_declared && self.declared == mark.declared && self.lines == lines
    }
}

/// What is on a disk, read without writing. A disk on which a store was never finished shows nothing.
pub fn read(disk: &SimDisk) -> Result<Option<View>, String> {
    let before = disk.log().len();
    let view = match StoreReader::open_storage(disk) {
        Ok(reader) => Some(View::checked(reader.snapshot()).map_err(|error| format!("a reader: {error}"))?),
        Err(StoreError::Absent { .. }) => None,
        Err(error) => return Err(format!("a reader cannot open: {error}")),
    };
    match disk.log()[before..].iter().find(|call| call.operation.changes()) {
        Some(call) => Err(format!("a reader writes: {call:?}")),
        None => Ok(view),
    }
}

/// Everything that is wrong on a disk.
pub fn damage(disk: &SimDisk) -> Vec<String> {
    match verify(disk) {
        Ok(report) => report.damage.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The step that follows a crash: something old once more, and something new.
pub fn step_after(lines: &[Line]) -> Step {
    let with_id = lines.iter().rev().filter(|line| matches!(line, Line::Track(event) if event.insert_id.is_some()));
    let mut batch: Vec<Line> = with_id.take(3).cloned().collect();
    let number = lines.len();
    let new =
        format!(r#"{{"type":"track","distinct_id":"ada","event":"after","insert_id":"after {number}","timestamp":5}}"#);
    batch.push(parse_line(new.as_bytes()).unwrap());
    Step::Write(batch)
}

/// Checks what is found on a disk; answers the mark that the store stands at. `variant` tells how it goes on.
/// The disk is used up.
pub fn check(disk: &SimDisk, history: &History, progress: Progress, variant: u64) -> Result<usize, String> {
    let allowed = progress.acknowledged..=progress.begun;
    let read_view = read(disk)?;
    let life = Life::new(1000 + variant % 1000);
    let store = open(disk, &life).map_err(|error| format!("cannot open: {error}"))?;
    let view = view_of(&store)?;
    if read_view.is_some_and(|read| read != view) {
        return Err("a reader sees something else than the writer".to_owned());
    }
    let is_mark = |mark: &usize| {
        let expected = &history.marks[*mark];
        view.is(history.lines_at(*mark), expected) && store.imports() == expected.imports
    };
    let Some(mark) = allowed.clone().rev().find(is_mark) else {
        let found = (0..history.marks.len()).find(is_mark);
        let lines = view.lines.len();
        return Err(format!("marks {allowed:?} were allowed, but {lines} lines are found: mark {found:?}"));
    };

    // The store goes on: duplicates and keys of batches are known, new things are stored, and are there the next time.
    let mut model = Model { lines: view.lines, mark: history.marks[mark].clone() };
    let sent = history.marks[progress.begun].batch_keys.iter();
    let mut steps: Vec<Step> = sent.map(|(key, lines)| Step::WriteOnce(lines.clone(), *key)).collect();
    steps.push(step_after(&model.lines));
    for step in steps {
        let expected = model.take(&step);
        let said = write(&store, &step).map_err(|error| format!("cannot write: {error}"))?;
        let is_new = matches!(step, Step::WriteOnce(..)) || expected.last() == Some(&Fate::Accepted);
        if !same_fates(&step, &said, &expected) || !is_new {
            return Err(format!("{said:?} was said of a batch that is {expected:?}"));
        }
    }
    if variant & 1 == 0 {
        store.seal().map_err(|error| format!("cannot seal: {error}"))?;
    }
    let next = if variant & 2 == 0 {
        store.close().map_err(|error| format!("cannot close: {error}"))?;
        disk.kill_image()
    } else {
        disk.kill_image()
    };
    let again = open(&next, &Life::new(2000)).map_err(|error| format!("cannot open again: {error}"))?;
    if again.recovery().unclean != (variant & 2 != 0) {
        return Err(format!("{:?} after a stop that was none", again.recovery()));
    }
    if !view_of(&again)?.is(&model.lines, &model.mark) || again.imports() != model.mark.imports {
        return Err("the store holds something else when it is opened again".to_owned());
    }
    drop(again);
    match damage(&next).first() {
        Some(damage) => Err(damage.clone()),
        None => Ok(mark),
    }
}

fn view_of(store: &trackcrumb::Store) -> Result<View, String> {
    let snapshot = store.snapshot().map_err(|error| format!("no snapshot: {error}"))?;
    View::of(&snapshot).map_err(|error| format!("a snapshot: {error}"))
}
