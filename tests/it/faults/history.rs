//! What is asked of a store, and what it should hold after each step: a model over plain lists.

use super::random::Random;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use trackcrumb::input::parse_line;
use trackcrumb::log::ImportRecord;
use trackcrumb::model::limits::DUPLICATE_WINDOW_MICROS;
use trackcrumb::model::{Line, Timestamp, UserName};

const DAY_MICROS: i64 = 86_400_000_000;

/// The arrival time of everything.
pub const NOW_MICROS: i64 = 1_767_312_000_000_000;

/// One thing asked of the store.
#[derive(Clone, Debug)]
pub enum Step {
    Write(Vec<Line>),
    /// All of it or nothing.
    WriteStrict(Vec<Line>),
    /// A chunk of an import, with how far it got.
    Import(Vec<Line>, ImportRecord),
    /// A batch under a key, which may have been another's.
    WriteOnce(Vec<Line>, u8),
    Declare(&'static str, &'static str),
    OnlyDeclared(bool),
    /// Of a user of the pool, who may not exist.
    DeleteUser(&'static str),
    DeleteKey(&'static str, &'static str),
    /// Of events older than so many days.
    Expire(u32),
    Seal,
    Compact,
    Reopen,
    /// The process is killed and starts again: nothing is lost that was written, synced or not.
    Kill,
}

impl Step {
    /// Whether it writes something that is acknowledged.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Seal | Self::Compact | Self::Reopen | Self::Kill)
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Accepted,
    Duplicate,
    Refused,
}

/// What a store holds after a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    pub lines: Vec<Line>,
    /// Declared group types with their display names.
    pub declared: BTreeMap<String, String>,
    pub only_declared: bool,
    pub imports: Vec<ImportRecord>,
    /// What was sent under each key.
    pub batch_keys: BTreeMap<u8, Vec<Line>>,
}

/// What a store holds.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub lines: Vec<Line>,
    pub mark: Mark,
}

impl Model {
    /// Takes a step in; answers what becomes of its lines.
    pub fn take(&mut self, step: &Step) -> Vec<Fate> {
        let fates = match step {
            Step::Write(lines) | Step::Import(lines, _) => lines.iter().map(|line| self.add(line)).collect(),
            Step::WriteOnce(lines, key) => self.write_once(lines, *key),
            Step::WriteStrict(lines) => {
                let before = self.clone();
                let fates: Vec<Fate> = lines.iter().map(|line| self.add(line)).collect();
                if fates.contains(&Fate::Refused) {
                    *self = before;
                }
                fates
            }
            Step::Declare(group_type, name) => {
                self.mark.declared.insert((*group_type).to_owned(), (*name).to_owned());
                Vec::new()
            }
            Step::OnlyDeclared(on) => {
                self.mark.only_declared = *on;
                Vec::new()
            }
            Step::DeleteUser(id) => {
                self.delete_user(id);
                Vec::new()
            }
            Step::DeleteKey(group_type, key) => {
                self.delete_key(group_type, key);
                Vec::new()
            }
            Step::Expire(days) => {
                let end = (NOW_MICROS.div_euclid(DAY_MICROS) - i64::from(*days)) * DAY_MICROS;
                let is_old = |line: &Line| matches!(line, Line::Track(event) if event.time.unwrap().micros() < end);
                self.lines.retain(|line| !is_old(line));
                Vec::new()
            }
            Step::Seal | Step::Compact | Step::Reopen | Step::Kill => Vec::new(),
        };
        if let Step::Import(_, import) = step {
            self.mark.imports.retain(|known| known.digest != import.continues && known.digest != import.digest);
            self.mark.imports.push(*import);
        }
        self.mark.lines.clone_from(&self.lines);
        fates
    }

    /// Another batch under a known key is refused as a whole.
    fn write_once(&mut self, lines: &[Line], key: u8) -> Vec<Fate> {
        match self.mark.batch_keys.get(&key) {
            Some(known) if known == lines => vec![Fate::Duplicate; lines.len()],
            Some(_) => vec![Fate::Refused],
            None => {
                let fates: Vec<Fate> = lines.iter().map(|line| self.add(line)).collect();
                if fates.contains(&Fate::Accepted) {
                    self.mark.batch_keys.insert(key, lines.to_vec());
                }
                fates
            }
        }
    }

    fn add(&mut self, line: &Line) -> Fate {
        let undeclared = |name: &str| self.mark.only_declared && !self.mark.declared.contains_key(name);
        let refused = match line {
            Line::Track(event) => event.groups.keys().any(|group_type| undeclared(group_type.as_str())),
            Line::Group(call) => undeclared(call.group_type.as_str()),
            _ => false,
        };
        if refused {
            return Fate::Refused;
        }
        let line = at_arrival(line);
        if self.is_duplicate(&line) {
            return Fate::Duplicate;
        }
        self.lines.push(line);
        Fate::Accepted
    }

    fn delete_user(&mut self, id: &str) {
        let shown = self.shown(id);
        let aliases = Self { lines: self.lines.clone(), ..Self::default() };
        let is_of = |id: &UserName| aliases.shown(id.as_str()) == shown;
        self.lines.retain(|line| match line {
            Line::Track(event) => !is_of(&event.user),
            Line::Identify(call) => !is_of(&call.user),
            Line::Alias(call) => !is_of(&call.user) && !is_of(&call.alias),
            Line::Group(_) | Line::Cohort(_) => true,
        });
        for line in &mut self.lines {
            if let Line::Group(call) = line {
                call.user.take_if(|user| is_of(user));
            }
        }
    }

    fn delete_key(&mut self, group_type: &str, key: &str) {
        let is_key = |of: &str, named: &str| of == group_type && named == key;
        self.lines.retain(|line| match line {
            Line::Group(call) => !is_key(call.group_type.as_str(), call.key.as_str()),
            _ => true,
        });
        for line in &mut self.lines {
            if let Line::Track(event) = line {
                event.groups.retain(|of, named| !is_key(of.as_str(), named.as_str()));
            }
        }
    }

    fn is_duplicate(&self, line: &Line) -> bool {
        let Line::Track(event) = line else { return false };
        let (Some(id), Some(time)) = (&event.insert_id, event.time) else { return false };
        let user = self.shown(event.user.as_str());
        self.lines.iter().any(|stored| {
            let Line::Track(stored) = stored else { return false };
            let away = stored.time.unwrap().micros().abs_diff(time.micros());
            stored.insert_id.as_ref() == Some(id)
                && away <= DUPLICATE_WINDOW_MICROS as u64
                && self.shown(stored.user.as_str()) == user
        })
    }

    /// The id under which a user is shown: every alias() so far moves the ids that are shown as the joined one.
    fn shown(&self, user: &str) -> String {
        let mut shown: BTreeMap<&str, &str> = BTreeMap::new();
        for line in &self.lines {
            let Line::Alias(call) = line else { continue };
            let (user, alias) = (call.user.as_str(), call.alias.as_str());
            let kept = shown.get(user).copied().unwrap_or(user);
            let gone = shown.get(alias).copied().unwrap_or(alias);
            if kept != gone {
                shown.values_mut().filter(|id| **id == gone).for_each(|id| *id = kept);
                shown.insert(gone, kept);
            }
        }
        shown.get(user).copied().unwrap_or(user).to_owned()
    }
}

/// The line with the time that it has once it is stored.
fn at_arrival(line: &Line) -> Line {
    let mut line = line.clone();
    let time = match &mut line {
        Line::Track(event) => &mut event.time,
        Line::Identify(call) => &mut call.time,
        Line::Group(call) => &mut call.time,
        Line::Alias(_) | Line::Cohort(_) => return line,
    };
    time.get_or_insert(Timestamp::from_micros(NOW_MICROS).unwrap());
    line
}

/// Steps, and what a store holds after each of those that write.
#[derive(Clone, Debug)]
pub struct History {
    pub steps: Vec<Step>,
    /// The first is that of an empty store.
    pub marks: Vec<Mark>,
}

impl History {
    pub fn new(steps: Vec<Step>) -> Self {
        let mut model = Model::default();
        let mut marks = vec![model.mark.clone()];
        for step in &steps {
            model.take(step);
            if step.writes() {
                marks.push(model.mark.clone());
            }
        }
        Self { steps, marks }
    }

    /// A history that has a bit of everything.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let count = 7 + random.below(8);
        let mut steps: Vec<Step> = Vec::new();
        for number in 0..count {
            steps.push(step(&mut random, number as u8, &steps));
        }
        Self::new(steps)
    }

    /// The part of the history from one mark to another, followed by one more step.
    pub fn continued(&self, marks: RangeInclusive<usize>, step: &Step) -> Self {
        let end = *marks.end();
        let mut model = Model { lines: self.lines_at(end).to_vec(), mark: self.marks[end].clone() };
        model.take(step);
        let marks = self.marks[marks].iter().cloned().chain([model.mark]).collect();
        Self { steps: vec![step.clone()], marks }
    }

    pub fn lines_at(&self, mark: usize) -> &[Line] {
        &self.marks[mark].lines
    }
}

fn step(random: &mut Random, number: u8, before: &[Step]) -> Step {
    match random.below(24) {
        20 | 21 => match random.below(3) {
            0 => Step::DeleteUser(random.pick(&USERS)),
            1 => Step::DeleteKey(random.pick(&TYPES), random.pick(&KEYS)),
            _ => Step::Expire(4 + random.below(8) as u32),
        },
        22 => Step::Compact,
        0 => Step::Declare("company", random.pick(&["Companies", "Customers", "Kunden und Käufer"])),
        1 => Step::OnlyDeclared(random.one_in(2)),
        2 | 3 => Step::Seal,
        4 => Step::Reopen,
        5 | 23 => Step::Kill,
        6 | 7 => {
            // Each continues the one before, or begins anew.
            let continues = if random.one_in(3) { [0; 32] } else { [number.wrapping_sub(1); 32] };
            let (bytes, lines) = (u64::from(number) * 100, u64::from(number));
            let import = ImportRecord { head_bytes: 1, head: [7; 32], bytes, lines, digest: [number; 32], continues };
            Step::Import(batch(random), import)
        }
        8 => Step::WriteStrict(batch(random)),
        9..=11 => write_once(random, before),
        _ => Step::Write(batch(random)),
    }
}

/// A batch that comes again, or one under a key that may be taken.
fn write_once(random: &mut Random, before: &[Step]) -> Step {
    let sent: Vec<&Step> = before.iter().filter(|step| matches!(step, Step::WriteOnce(..))).collect();
    if !sent.is_empty() && random.one_in(2) {
        return random.pick(&sent).clone();
    }
    Step::WriteOnce(batch(random), random.below(3) as u8)
}

fn batch(random: &mut Random) -> Vec<Line> {
    let count = if random.one_in(10) { 8 } else { 1 + random.below(3) };
    (0..count).map(|_| line(random)).collect()
}

const USERS: [&str; 5] = ["ada", "bob", "anon-7f3", "é-user", "dora"];
const KEYS: [&str; 3] = ["acme", "globex", "initech"];
const TYPES: [&str; 2] = ["company", "team"];

/// One line. Names, times and ids come from small pools, so that they meet.
fn line(random: &mut Random) -> Line {
    let (user, other) = (random.pick(&USERS), random.pick(&USERS));
    let (group_type, key) = (random.pick(&TYPES), random.pick(&KEYS));
    let day = 86_400_000 * (random.below(12) as i64);
    let time = match random.below(4) {
        0 => String::new(),
        _ => format!(r#","timestamp":{}"#, NOW_MICROS / 1000 - day),
    };
    let text = match random.below(12) {
        0..=7 => {
            let event = random.pick(&["opened", "ai_chart", "paid"]);
            let id = match random.below(3) {
                0 => String::new(),
                _ => format!(r#","insert_id":"i{}""#, random.below(6)),
            };
            let groups = match random.below(3) {
                0 => String::new(),
                1 => format!(r#","groups":{{"{group_type}":"{key}"}}"#),
                _ => format!(r#","groups":{{"company":"{key}","team":"red"}}"#),
            };
            let properties = properties(random);
            format!(
                r#"{{"type":"track","distinct_id":"{user}","event":"{event}"{time}{id}{groups},"properties":{properties}}}"#
            )
        }
        8 => format!(r#"{{"type":"identify","distinct_id":"{user}"{time},"properties":{}}}"#, properties(random)),
        9 => format!(
            r#"{{"type":"group","distinct_id":"{user}","group_type":"{group_type}","group_key":"{key}"{time},"set_once":{{"plan":"pro"}},"add":{{"seats":2}}}}"#
        ),
        10 => format!(r#"{{"type":"alias","distinct_id":"{user}","alias":"{other}"}}"#),
        _ => {
            let name = random.pick(&["power", "new"]);
            format!(
                r#"{{"type":"cohort","name":"{name}","report":{{"report":"cohort","where":{{"did":"paid","times":{{"gte":{}}}}}}}}}"#,
                1 + random.below(3)
            )
        }
    };
    parse_line(text.as_bytes()).unwrap()
}

fn properties(random: &mut Random) -> String {
    match random.below(6) {
        0 => "{}".to_owned(),
        1 => format!(r#"{{"n":{}}}"#, random.below(4)),
        2 => format!(r#"{{"n":{}.25,"s":"text {}"}}"#, random.below(4), random.below(3)),
        3 => r#"{"nested":{"a":[1,null,{"b":true}]},"none":null}"#.to_owned(),
        // More than one sector of a disk.
        4 => format!(r#"{{"long":"{}"}}"#, "0123456789".repeat(60 + random.below(9) as usize)),
        _ => r#"{"large":18446744073709551615,"s":"é"}"#.to_owned(),
    }
}
