//! A batch on its way into the log: lines are judged and turned into records, one after the other.
//!
//! Nothing here changes the store but aliases and cohorts, which later lines of the same batch must see;
//! the engine builds those anew when a draft is given up.

use super::batch_keys::BatchKey;
use super::cohorts::CohortDefinition;
use super::error::LineRefusal;
use super::name_table::NameTable;
use super::state::State;
use crate::codec::DecodeError;
use crate::input::{NameRef, ParsedLine, ParsedLines};
use crate::language::{Page, Report, Zone};
use crate::log::record::{AliasRecord, CohortRecord, Definition, GroupRecord, IdentifyRecord, Record};
use crate::log::{BatchBuilder, BatchKeyRecord, EventHead, ImportRecord};
use crate::model::limits::DUPLICATE_WINDOW_MICROS;
use crate::model::{
    AliasCall, CohortCall, EventId, GroupCall, GroupKeyId, GroupType, GroupTypeId, IdentifyCall, Line, PropertyId,
    StoredName, Timestamp, UserId, ValueRef,
};
use crate::segment::Segment;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is stored.
    Accepted,
    /// The same event is stored already.
    Duplicate,
    /// It is not stored.
    Refused(LineRefusal),
}

/// What became of lines that were parsed together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenLines {
    /// Lines that are stored now.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicate: u64,
    /// Why others were refused, by their places among the lines.
    pub refused: Vec<(usize, LineRefusal)>,
}

/// New names of a draft, with the ids that they will have.
#[derive(Default)]
struct NewNames {
    ids: NameTable,
    counts: BTreeMap<StoredName, u32>,
}

/// What names of lines that were parsed together are, as far as it is known.
struct Memo<'e> {
    /// Names of group types and properties by their symbols.
    by_symbol: Vec<Option<u32>>,
    /// Names of events, of which there are few, by their slots; of several names of one slot the last.
    events: [(&'e str, u32); MEMO_SLOTS],
}

/// A power of two, several times as many as events mostly have names.
const MEMO_SLOTS: usize = 512;

impl Memo<'_> {
    fn of(lines: &ParsedLines) -> Self {
        // No name is told by an empty one, which is looked up each time.
        Self { by_symbol: vec![None; lines.symbols_end()], events: [("", 0); MEMO_SLOTS] }
    }
}

impl<'e> Memo<'e> {
    /// Told by the length and the ends of the name, mixed by a multiplication whose upper bits depend on all of them.
    fn event_slot(&mut self, name: &str) -> &mut (&'e str, u32) {
        let bytes = name.as_bytes();
        let ends = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
            _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        let mixed = (ends ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &mut self.events[(mixed >> (u64::BITS - MEMO_SLOTS.trailing_zeros())) as usize]
    }
}

/// A name of a group type or of a property, which may have a symbol in a memo.
pub(crate) trait Named<'e>: Copy {
    fn text(self) -> &'e str;
    fn symbol(self) -> Option<usize>;
}

impl<'e> Named<'e> for &'e str {
    fn text(self) -> &'e str {
        self
    }

    fn symbol(self) -> Option<usize> {
        None
    }
}

impl<'e> Named<'e> for NameRef<'e> {
    fn text(self) -> &'e str {
        self.text()
    }

    fn symbol(self) -> Option<usize> {
        self.symbol()
    }
}

/// An event as somebody says it, borrowed: properties in order of name, group types in any.
pub(crate) struct EventView<'a, G, P> {
    pub user: &'a str,
    pub name: &'a str,
    pub time: Option<Timestamp>,
    pub insert_id: Option<&'a str>,
    pub groups: G,
    pub properties: P,
}

/// A batch in the making.
pub(crate) struct Draft {
    pub builder: BatchBuilder,
    new_names: NewNames,
    insert_ids: HashMap<String, Vec<(UserId, Timestamp)>>,
    /// Room for the groups of the event that is being taken in.
    groups: Vec<(GroupTypeId, GroupKeyId)>,
    /// Whether aliases or cohorts were changed.
    pub touched_shared: bool,
}

impl Draft {
    /// A draft that is collected in this builder, which is empty.
    pub fn new(builder: BatchBuilder) -> Self {
        Self {
            builder,
            new_names: NewNames::default(),
            insert_ids: HashMap::new(),
            groups: Vec::new(),
            touched_shared: false,
        }
    }
}

/// The window of times in which an event with the same insert id is the same event.
fn duplicate_window(time: Timestamp) -> (i64, i64) {
    let micros = time.micros();
    (micros.saturating_sub(DUPLICATE_WINDOW_MICROS), micros.saturating_add(DUPLICATE_WINDOW_MICROS))
}

/// A draft together with what it is judged against.
pub(crate) struct Drafting<'a> {
    pub draft: Draft,
    pub state: &'a mut State,
    pub segments: &'a [Arc<Segment>],
    pub now: Timestamp,
}

impl Drafting<'_> {
    /// Takes a line in. Errors are damage met in the store; what is wrong with the line is an outcome.
    pub fn add(&mut self, line: &Line) -> Result<Outcome, DecodeError> {
        match line {
            Line::Track(event) => {
                let view = EventView {
                    user: event.user.as_str(),
                    name: event.name.as_str(),
                    time: event.time,
                    insert_id: event.insert_id.as_ref().map(|id| id.as_str()),
                    groups: event.groups.iter().map(|(group_type, key)| (group_type.as_str(), key.as_str())),
                    properties: event.properties.iter().map(|(name, value)| (name.as_str(), ValueRef::from(value))),
                };
                self.track(view, None, None)
            }
            Line::Identify(call) => self.identify(call),
            Line::Group(call) => self.group(call),
            Line::Alias(call) => self.alias(call),
            Line::Cohort(call) => self.cohort(call),
        }
    }

    /// Takes lines of an import in, as [`Self::add`] does one.
    pub fn add_parsed(&mut self, lines: &ParsedLines) -> Result<WrittenLines, DecodeError> {
        let mut written = WrittenLines::default();
        let mut memo = Memo::of(lines);
        // With nothing in between, so that the processor waits for the memory of several of them at once.
        let recent = &self.state.recent_names;
        let users: Vec<Option<u32>> = lines.plain().map(|event| recent.get(StoredName::User, event.user())).collect();
        let mut users = users.into_iter();
        for (place, line) in lines.iter().enumerate() {
            let outcome = match line {
                ParsedLine::Plain(event) => {
                    let view = EventView {
                        user: event.user(),
                        name: event.name(),
                        time: event.time(),
                        insert_id: event.insert_id(),
                        groups: event.groups(),
                        properties: event.properties(),
                    };
                    self.track(view, users.next().flatten(), Some(&mut memo))?
                }
                ParsedLine::Other(line) => self.add(line)?,
            };
            match outcome {
                Outcome::Accepted => written.accepted += 1,
                Outcome::Duplicate => written.duplicate += 1,
                Outcome::Refused(refusal) => written.refused.push((place, refusal)),
            }
        }
        Ok(written)
    }

    #[inline]
    fn find(&mut self, list: StoredName, text: &str) -> Result<Option<u32>, DecodeError> {
        match self.state.recent_names.get(list, text) {
            Some(id) => Ok(Some(id)),
            None => self.find_anywhere(list, text),
        }
    }

    #[inline(never)]
    fn find_anywhere(&mut self, list: StoredName, text: &str) -> Result<Option<u32>, DecodeError> {
        if let Some(id) = self.draft.new_names.ids.get(list, text) {
            return Ok(Some(id));
        }
        let found = self.state.names.read().list(list).find(text)?;
        if let Some(id) = found {
            self.state.recent_names.insert_recent(list, text, id);
        }
        Ok(found)
    }

    /// The id of a name; a new name takes the next.
    #[inline]
    fn intern(&mut self, list: StoredName, text: &str) -> Result<u32, DecodeError> {
        match self.find(list, text)? {
            Some(id) => Ok(id),
            None => self.intern_new(list, text),
        }
    }

    #[inline(never)]
    fn intern_new(&mut self, list: StoredName, text: &str) -> Result<u32, DecodeError> {
        let stored = self.state.names.read().list(list).len();
        let new = &mut self.draft.new_names;
        let count = new.counts.entry(list).or_insert(stored);
        let id = *count;
        *count += 1;
        new.ids.insert(list, text, id);
        self.draft.builder.define(Definition { list, text });
        Ok(id)
    }

    /// The same of an event's name.
    fn intern_event<'e>(&mut self, text: &'e str, memo: Option<&mut Memo<'e>>) -> Result<EventId, DecodeError> {
        let Some(memo) = memo else { return self.intern(StoredName::Event, text).map(EventId::new) };
        let slot = memo.event_slot(text);
        if slot.0 != text || text.is_empty() {
            *slot = (text, self.intern(StoredName::Event, text)?);
        }
        Ok(EventId::new(slot.1))
    }

    /// The same of a name that may have a symbol.
    #[inline]
    fn intern_named<'e>(
        &mut self,
        list: StoredName,
        name: impl Named<'e>,
        memo: Option<&mut Memo<'e>>,
    ) -> Result<u32, DecodeError> {
        let known = memo.zip(name.symbol()).and_then(|(memo, symbol)| memo.by_symbol.get_mut(symbol));
        let Some(known) = known else { return self.intern(list, name.text()) };
        if let Some(id) = known {
            return Ok(*id);
        }
        let id = self.intern(list, name.text())?;
        *known = Some(id);
        Ok(id)
    }

    fn intern_user(&mut self, text: &str) -> Result<UserId, DecodeError> {
        self.intern(StoredName::User, text).map(UserId::new)
    }

    fn intern_type(&mut self, group_type: &str) -> Result<GroupTypeId, DecodeError> {
        self.intern(StoredName::GroupType, group_type).map(GroupTypeId::new)
    }

    /// Refuses an undeclared group type where only declared ones are taken.
    fn check_type(&mut self, group_type: &str) -> Result<Option<Outcome>, DecodeError> {
        if !self.state.settings.only_declared {
            return Ok(None);
        }
        let id = self.find(StoredName::GroupType, group_type)?;
        let declared = id.is_some_and(|id| self.state.settings.is_declared(GroupTypeId::new(id)));
        if declared {
            return Ok(None);
        }
        Ok(Some(Outcome::Refused(LineRefusal::UndeclaredGroupType { group_type: group_type.to_owned() })))
    }

    /// Takes an event in; `user` is the id of who did it, where that is known.
    fn track<'e, N, M, G, P>(
        &mut self,
        event: EventView<'e, G, P>,
        user: Option<u32>,
        mut memo: Option<&mut Memo<'e>>,
    ) -> Result<Outcome, DecodeError>
    where
        N: Named<'e>,
        M: Named<'e>,
        G: Iterator<Item = (N, &'e str)> + Clone,
        P: ExactSizeIterator<Item = (M, ValueRef<'e>)>,
    {
        if self.state.settings.only_declared {
            for (group_type, _) in event.groups.clone() {
                if let Some(refused) = self.check_type(group_type.text())? {
                    return Ok(refused);
                }
            }
        }
        let time = event.time.unwrap_or(self.now);
        if let Some(insert_id) = event.insert_id
            && self.is_duplicate(event.user, insert_id, time)?
        {
            return Ok(Outcome::Duplicate);
        }
        let user = user.map_or_else(|| self.intern_user(event.user), |user| Ok(UserId::new(user)))?;
        let name = self.intern_event(event.name, memo.as_deref_mut())?;
        self.draft.groups.clear();
        for (group_type, key) in event.groups {
            let group_type = self.intern_named(StoredName::GroupType, group_type, memo.as_deref_mut())?;
            let group_type = GroupTypeId::new(group_type);
            let key = self.intern(StoredName::GroupKey(group_type.raw()), key)?;
            self.draft.groups.push((group_type, GroupKeyId::new(key)));
        }
        self.draft.groups.sort_unstable();
        let head = EventHead { user, event: name, time, insert_id: event.insert_id };
        self.draft.builder.begin_event(&head, &self.draft.groups, event.properties.len());
        for (name, value) in event.properties {
            let name = self.intern_named(StoredName::Property, name, memo.as_deref_mut())?;
            self.draft.builder.push_property(PropertyId::new(name), value);
        }
        if let Some(insert_id) = event.insert_id {
            self.draft.insert_ids.entry_ref(insert_id).or_default().push((user, time));
        }
        Ok(Outcome::Accepted)
    }

    fn is_duplicate(&mut self, user: &str, insert_id: &str, time: Timestamp) -> Result<bool, DecodeError> {
        let Some(user) = self.find(StoredName::User, user)? else { return Ok(false) };
        let aliases = &self.state.aliases;
        let user = aliases.shown(UserId::new(user));
        let window = duplicate_window(time);
        let same = |other: UserId, time: Timestamp| {
            aliases.shown(other) == user && (window.0..=window.1).contains(&time.micros())
        };
        if self.draft.insert_ids.get(insert_id).is_some_and(|known| known.iter().any(|(user, time)| same(*user, *time)))
            || self.state.has_hot_insert_id(insert_id, user, window)
        {
            return Ok(true);
        }
        for segment in self.segments.iter().rev() {
            let found = segment.find_insert_id(insert_id, window.0, window.1)?;
            if found.iter().any(|place| same(place.user, place.time)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn identify(&mut self, call: &IdentifyCall) -> Result<Outcome, DecodeError> {
        let user = self.intern_user(call.user.as_str())?;
        let ops = call.ops.to_json();
        let time = call.time.unwrap_or(self.now);
        self.draft.builder.push(&Record::Identify(IdentifyRecord { user, time, ops: &ops }));
        Ok(Outcome::Accepted)
    }

    fn group(&mut self, call: &GroupCall) -> Result<Outcome, DecodeError> {
        if let Some(refused) = self.check_type(call.group_type.as_str())? {
            return Ok(refused);
        }
        let group_type = self.intern_type(call.group_type.as_str())?;
        let key = GroupKeyId::new(self.intern(StoredName::GroupKey(group_type.raw()), call.key.as_str())?);
        let user = call.user.as_ref().map(|user| self.intern_user(user.as_str())).transpose()?;
        let ops = call.ops.to_json();
        let time = call.time.unwrap_or(self.now);
        self.draft.builder.push(&Record::Group(GroupRecord { group_type, key, user, time, ops: &ops }));
        Ok(Outcome::Accepted)
    }

    fn alias(&mut self, call: &AliasCall) -> Result<Outcome, DecodeError> {
        let user = self.intern_user(call.user.as_str())?;
        let alias = self.intern_user(call.alias.as_str())?;
        if Arc::make_mut(&mut self.state.aliases).join(user, alias) {
            self.draft.touched_shared = true;
        }
        self.draft.builder.push(&Record::Alias(AliasRecord { user, alias, time: call.time }));
        Ok(Outcome::Accepted)
    }

    fn cohort(&mut self, call: &CohortCall) -> Result<Outcome, DecodeError> {
        let refused = |problem: String| Ok(Outcome::Refused(LineRefusal::Cohort { name: call.name.clone(), problem }));
        let cohort = match CohortDefinition::parse(&call.report) {
            Ok(cohort) => cohort,
            Err(problem) => return refused(problem),
        };
        if let Report::Cohort(document) = &cohort.report
            && (document.save_as.is_some() || document.page != Page::default())
        {
            return refused("a saved document carries no save_as, limit or cursor; leave them out".to_owned());
        }
        for group_type in &cohort.references.group_types {
            if self.find(StoredName::GroupType, group_type)?.is_none() {
                return refused(format!(
                    "it names the group type `{group_type}`, which is neither used nor declared yet"
                ));
            }
            if let Some(refused) = self.check_type(group_type)? {
                return Ok(refused);
            }
        }
        if let Some(problem) = self.state.cohorts.problem(&call.name, &cohort, self.now) {
            return refused(problem);
        }
        Arc::make_mut(&mut self.state.cohorts).insert(call.name.clone(), Arc::new(cohort));
        self.draft.touched_shared = true;
        self.draft.builder.push(&Record::Cohort(CohortRecord { name: &call.name, report: &call.report }));
        Ok(Outcome::Accepted)
    }

    /// Declares a group type, which comes into being if need be.
    pub fn declare(&mut self, group_type: &GroupType, display_name: &str) -> Result<(), DecodeError> {
        let group_type = self.intern_type(group_type.as_str())?;
        self.draft.builder.push(&Record::DeclareGroupType { group_type, display_name });
        Ok(())
    }

    /// Turns the refusal of undeclared group types on or off.
    pub fn only_declared(&mut self, on: bool) {
        self.draft.builder.push(&Record::OnlyDeclared(on));
    }

    /// Keeps events for so many days; `None` is for ever.
    pub fn keep_days(&mut self, days: Option<u32>) {
        self.draft.builder.push(&Record::KeepDays(days));
    }

    /// Documents without a time zone follow this one's calendar.
    pub fn timezone(&mut self, zone: &Zone) {
        self.draft.builder.push(&Record::Timezone(zone.name()));
    }

    /// Notes how far an import got, in the same batch as what it stored.
    pub fn import(&mut self, import: ImportRecord) {
        self.draft.builder.push(&Record::Import(import));
    }

    /// What came before under the key of a batch.
    pub fn batch_key(&self, key: &BatchKey) -> Option<BatchKeyRecord> {
        self.state.batch_keys.find(key, self.now)
    }

    /// Remembers the key of the batch, with what it stores.
    pub fn remember(&mut self, key: &BatchKey) {
        self.draft.builder.push(&Record::BatchKey(key.record(self.now)));
    }
}
