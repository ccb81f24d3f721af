//! Reads the files of a store one by one, as `format-spec` describes them, and gives back the lines they were made of.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use trackcrumb::codec::file_header::HEADER_BYTES;
use trackcrumb::codec::{FileHeader, FileId, FileKind, record};
use trackcrumb::dictionary::DictionaryPart;
use trackcrumb::input::write_line;
use trackcrumb::log::{Batch, BatchKeyRecord, ImportRecord, LogEnd, Record, scan};
use trackcrumb::model::{
    AliasCall, Arrival, CohortCall, Event, EventName, GroupCall, GroupKey, GroupKeyId, GroupType, GroupTypeId,
    IdentifyCall, InsertId, Line, PropertyId, PropertyOps, StoredName, Timestamp, UserId, UserName, Value,
};
use trackcrumb::profiles::{Profiles, ProfilesPart};
use trackcrumb::segment::Segment;

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A sealed file in the manifest.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedFile {
    pub number: u64,
    pub id: FileId,
    pub length: u64,
}

/// A log in the manifest.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct LogFile {
    pub number: u64,
    pub id: FileId,
    pub length: u64,
    pub is_closed: bool,
}

/// The record in a manifest, told over again from `format-spec/manifest.md`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestRecord {
    pub generation: u64,
    pub next_file: u64,
    pub sealed_arrivals: u64,
    pub erased_arrivals: u64,
    pub timezone: String,
    pub segments: Vec<SealedFile>,
    pub dictionaries: Vec<SealedFile>,
    pub profiles: Vec<SealedFile>,
    pub logs: Vec<LogFile>,
    pub declared: Vec<(u32, String)>,
    pub only_declared: bool,
    pub keep_days: Option<u32>,
    pub reports_timezone: String,
    pub imports: Vec<ImportRecord>,
    pub batch_keys: Vec<BatchKeyRecord>,
}

impl ManifestRecord {
    pub fn decode(bytes: &[u8]) -> Self {
        let id = FileHeader::decode(bytes, FileKind::Manifest).unwrap().id;
        let (rest, checksum) = bytes[HEADER_BYTES..].split_last_chunk::<4>().unwrap();
        let (length, body) = rest.split_first_chunk::<8>().unwrap();
        assert_eq!(u64::from_le_bytes(*length), body.len() as u64);
        assert_eq!(u32::from_le_bytes(*checksum), id.checksum(rest));
        record::decode(body).unwrap()
    }

    pub fn encode(&self, id: FileId) -> Vec<u8> {
        let body = record::encode(self).unwrap();
        let mut bytes = FileHeader { kind: FileKind::Manifest, id }.encode();
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        let checksum = id.checksum(&bytes[HEADER_BYTES..]);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }
}

/// The files of a store, opened.
pub struct Opened {
    pub manifest: ManifestRecord,
    pub segment: Option<Segment>,
    pub profiles: Option<Arc<ProfilesPart>>,
    pub names: BTreeMap<StoredName, Vec<String>>,
    /// Payloads of the log's batches, each with the offset after it.
    pub batches: Vec<(bytes::Bytes, u64)>,
}

impl Opened {
    /// Opens the files that the manifest lists: at most one of each kind.
    pub fn of(files: &Files) -> Self {
        let manifest = ManifestRecord::decode(&files["MANIFEST"]);
        let bytes = |kind: &str, number: u64| bytes::Bytes::from(files[&format!("{kind}-{number:08}")].clone());
        let [log] = &manifest.logs[..] else { panic!("one log was expected") };
        let end = if log.is_closed { LogEnd::Known(log.length) } else { LogEnd::Unclean { synced: log.length } };
        let found = scan(bytes("log", log.number), end).unwrap();
        assert_eq!(found.id, log.id);
        let segment = manifest.segments.first().map(|file| Segment::open(bytes("segment", file.number), "s").unwrap());
        let profiles = manifest.profiles.first();
        let profiles = profiles.map(|file| Arc::new(ProfilesPart::open(bytes("profiles", file.number), "p").unwrap()));
        let mut names: BTreeMap<StoredName, Vec<String>> = BTreeMap::new();
        for file in &manifest.dictionaries {
            let part = DictionaryPart::open(bytes("dictionary", file.number), "d").unwrap();
            assert_eq!((part.verify(), part.id(), part.byte_len()), (Vec::new(), file.id, file.length));
            for (position, (list, first_id, count)) in part.sections().enumerate() {
                assert_eq!(first_id, 0);
                let section = part.names(position).unwrap();
                names.insert(list, (0..count).map(|id| section.get(id).unwrap().to_owned()).collect());
            }
        }
        for (payload, _) in &found.batches {
            for new in Batch::open(payload).unwrap().definitions {
                names.entry(new.list).or_default().push(new.text.to_owned());
            }
        }
        Self { manifest, segment, profiles, names, batches: found.batches }
    }

    fn name(&self, list: StoredName, id: u32) -> &str {
        &self.names[&list][id as usize]
    }

    fn user(&self, id: UserId) -> UserName {
        UserName::new(self.name(StoredName::User, id.raw())).unwrap()
    }

    fn group(&self, group_type: GroupTypeId, key: GroupKeyId) -> (GroupType, GroupKey) {
        let key = GroupKey::new(self.name(StoredName::GroupKey(group_type.raw()), key.raw())).unwrap();
        (GroupType::new(self.name(StoredName::GroupType, group_type.raw())).unwrap(), key)
    }

    fn event(
        &self,
        user: UserId,
        name: &str,
        time: Timestamp,
        insert_id: Option<&str>,
        groups: impl IntoIterator<Item = (GroupTypeId, GroupKeyId)>,
        properties: impl IntoIterator<Item = (PropertyId, Value)>,
    ) -> Line {
        let properties = properties.into_iter();
        Line::Track(Event {
            user: self.user(user),
            name: EventName::new(name).unwrap(),
            time: Some(time),
            properties: properties
                .map(|(name, value)| (self.name(StoredName::Property, name.raw()).to_owned(), value))
                .collect(),
            groups: groups.into_iter().map(|(group_type, key)| self.group(group_type, key)).collect(),
            insert_id: insert_id.map(|id| InsertId::new(id).unwrap()),
        })
    }

    fn call(&self, user: Option<UserId>, group: Option<(GroupTypeId, GroupKeyId)>, time: Timestamp, ops: &str) -> Line {
        let (user, time) = (user.map(|user| self.user(user)), Some(time));
        let ops = PropertyOps::from_json(ops).unwrap();
        match group.map(|(group_type, key)| self.group(group_type, key)) {
            Some((group_type, key)) => Line::Group(GroupCall { user, group_type, key, time, ops }),
            None => Line::Identify(IdentifyCall { user: user.unwrap(), time, ops }),
        }
    }

    fn alias(&self, user: UserId, alias: UserId, time: Option<Timestamp>) -> Line {
        Line::Alias(AliasCall { user: self.user(user), alias: self.user(alias), time })
    }

    /// Every accepted thing by its arrival, as an input line.
    pub fn lines(&self) -> BTreeMap<Arrival, String> {
        let mut lines = Vec::new();
        self.sealed_events(&mut lines);
        self.sealed_calls(&mut lines);
        self.logged(&mut lines);
        let count = lines.len();
        let text = |line: &Line| {
            let mut text = String::new();
            write_line(line, &mut text);
            text
        };
        let by_arrival: BTreeMap<Arrival, String> =
            lines.iter().map(|(arrival, line)| (*arrival, text(line))).collect();
        assert_eq!(by_arrival.len(), count, "an arrival is given once");
        by_arrival
    }

    fn sealed_events(&self, lines: &mut Vec<(Arrival, Line)>) {
        for table in self.segment.iter().flat_map(Segment::tables) {
            let (users, times, arrivals) = (table.users().unwrap(), table.times().unwrap(), table.arrivals().unwrap());
            let event = self.name(StoredName::Event, table.event().raw());
            let insert_ids = table.insert_ids().unwrap().map(|(places, texts)| (places, texts.strings().unwrap()));
            for row in 0..table.rows() {
                let mut user = [0];
                users.decode(row..row + 1, &mut user);
                let keys = table.group_types().filter_map(|group_type| {
                    let key = table.group(group_type).unwrap().unwrap().get(row).checked_sub(1)?;
                    Some((group_type, GroupKeyId::new(key)))
                });
                let insert_id = insert_ids.as_ref().and_then(|(places, texts)| {
                    usize::try_from(places.get(row) - 1).ok().map(|place| texts[place].as_str())
                });
                let time = Timestamp::from_micros(times.get(row)).unwrap();
                let properties = table.row_properties(row).unwrap();
                let line = self.event(UserId::new(user[0]), event, time, insert_id, keys, properties);
                lines.push((table.arrival_base().plus(arrivals.get(row) as u64), line));
            }
        }
    }

    fn sealed_calls(&self, lines: &mut Vec<(Arrival, Line)>) {
        let profiles = Profiles::new(self.profiles.iter().cloned().collect());
        profiles
            .visit_calls(|group_type, call| {
                let (user, group) = match group_type {
                    Some(group_type) => (call.user, Some((group_type, GroupKeyId::new(call.entity)))),
                    None => (Some(UserId::new(call.entity)), None),
                };
                lines.push((call.moment.arrival, self.call(user, group, call.moment.time, &call.ops)));
            })
            .unwrap();
        for alias in profiles.aliases().unwrap() {
            lines.push((alias.arrival, self.alias(alias.user, alias.alias, alias.time)));
        }
        for cohort in profiles.cohorts().unwrap() {
            lines.push((cohort.arrival, Line::Cohort(CohortCall { name: cohort.name, report: cohort.report })));
        }
    }

    fn logged(&self, lines: &mut Vec<(Arrival, Line)>) {
        for (payload, _) in &self.batches {
            let batch = Batch::open(payload).unwrap();
            let read = batch.visit::<trackcrumb::codec::DecodeError>(|arrival, _, record| {
                let line = match record {
                    Record::Event(event) => {
                        let name = self.name(StoredName::Event, event.event.raw());
                        let properties = event.properties.iter().map(|(name, value)| (name, value.value().unwrap()));
                        self.event(event.user, name, event.time, event.insert_id, event.groups.iter(), properties)
                    }
                    Record::Identify(call) => self.call(Some(call.user), None, call.time, call.ops),
                    Record::Group(call) => self.call(call.user, Some((call.group_type, call.key)), call.time, call.ops),
                    Record::Alias(call) => self.alias(call.user, call.alias, call.time),
                    Record::Cohort(cohort) => {
                        Line::Cohort(CohortCall { name: cohort.name.to_owned(), report: cohort.report.to_owned() })
                    }
                    Record::DeclareGroupType { .. }
                    | Record::OnlyDeclared(_)
                    | Record::KeepDays(_)
                    | Record::Timezone(_)
                    | Record::Import(_)
                    | Record::BatchKey(_) => return Ok(()),
                };
                lines.push((arrival, line));
                Ok(())
            });
            read.unwrap();
        }
    }
}
