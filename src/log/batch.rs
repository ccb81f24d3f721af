//! The payload of one batch: built by the writer, read back by everyone, the writer included.

use super::event::{EventGroups, EventProperties, StoredValue, write_groups, write_property};
use super::record::{Definition, EVENT, EventHead, Record};
use crate::codec::{DecodeError, Reader, Writer};
use crate::model::{Arrival, GroupKeyId, GroupTypeId, PropertyId, ValueRef};
use bytes::Bytes;

/// A batch of more bytes leaves no room behind in its builder.
const ROOM_BYTES_MAX: usize = 8 << 20;

/// Collects one batch.
#[derive(Clone, Debug, Default)]
pub struct BatchBuilder {
    definitions: Vec<u8>,
    definition_count: u64,
    records: Vec<u8>,
    record_count: u64,
    arrivals: u64,
    /// Where among the records those begin that [`Record::is_remembered`].
    remembered: Vec<usize>,
}

/// A batch that was built just now, with what its builder knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltBatch {
    /// The payload.
    pub payload: Bytes,
    /// How many arrival numbers the records take.
    pub arrivals: u64,
    /// The offsets in the payload of the records that [`Record::is_remembered`], in order.
    pub remembered: Vec<usize>,
}

impl BatchBuilder {
    /// A new name, which takes the next id of its list.
    pub fn define(&mut self, definition: Definition<'_>) {
        definition.write(&mut self.definitions);
        self.definition_count += 1;
    }

    /// The next record. Names it refers to are defined before, in this batch or an earlier one.
    pub fn push(&mut self, record: &Record<'_>) {
        if record.is_remembered() {
            self.remembered.push(self.records.len());
        }
        record.write(&mut self.records);
        self.record_count += 1;
        self.arrivals += u64::from(record.has_arrival());
    }

    /// The next record, which is an event with groups, types by ascending id, and so many properties.
    /// [`Self::push_property`] adds these.
    pub fn begin_event(&mut self, head: &EventHead<'_>, groups: &[(GroupTypeId, GroupKeyId)], properties: usize) {
        if head.insert_id.is_some() {
            self.remembered.push(self.records.len());
        }
        self.records.put_u8(EVENT);
        head.write(&mut self.records);
        write_groups(groups, &mut self.records);
        self.records.put_varint(properties as u64);
        self.record_count += 1;
        self.arrivals += 1;
    }

    /// The next property of the event that was begun. They come in order of name.
    #[inline]
    pub fn push_property<'a>(&mut self, name: PropertyId, value: impl Into<ValueRef<'a>>) {
        write_property(name, value, &mut self.records);
    }

    /// How many arrival numbers the records take.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// How many bytes the records and definitions take so far.
    pub fn byte_len(&self) -> usize {
        self.definitions.len() + self.records.len()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// The payload; the first record with an arrival takes `first_arrival`. The builder is empty afterwards.
    pub fn finish(&mut self, first_arrival: Arrival) -> Bytes {
        self.build(first_arrival).payload
    }

    /// The same with what the builder knows of it.
    pub fn build(&mut self, first_arrival: Arrival) -> BuiltBatch {
        let mut payload = Vec::with_capacity(self.byte_len() + 32);
        payload.put_u64(first_arrival.raw());
        payload.put_varint(self.definition_count);
        payload.put(&self.definitions);
        payload.put_varint(self.record_count);
        let start = payload.len();
        payload.put(&self.records);
        let mut remembered = std::mem::take(&mut self.remembered);
        remembered.iter_mut().for_each(|offset| *offset += start);
        let arrivals = self.arrivals;
        self.clear();
        BuiltBatch { payload: payload.into(), arrivals, remembered }
    }

    /// Forgets everything, and keeps the room for the next batch unless it is much.
    pub fn clear(&mut self) {
        if self.records.capacity() + self.definitions.capacity() > ROOM_BYTES_MAX {
            *self = Self::default();
        }
        self.definitions.clear();
        self.records.clear();
        self.remembered.clear();
        (self.definition_count, self.record_count, self.arrivals) = (0, 0, 0);
    }
}

/// Who takes what a batch says, one thing after the other.
pub trait RecordTaker<'a> {
    /// An event with its arrival; its groups and properties follow.
    fn event(&mut self, arrival: Arrival, head: &EventHead<'a>);
    /// A group of that event.
    fn group(&mut self, arrival: Arrival, head: &EventHead<'a>, group_type: GroupTypeId, key: GroupKeyId);
    /// A property of that event.
    ///
    /// # Errors
    /// When the value is damaged.
    fn property(&mut self, name: PropertyId, value: StoredValue<'a>) -> Result<(), DecodeError>;
    /// A record that is no event, with its arrival, or that of the next record when it has none.
    fn other(&mut self, arrival: Arrival, record: Record<'a>);
}

/// A payload, read.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The arrival of the first record that has one.
    pub first_arrival: Arrival,
    /// New names in the order of their ids.
    pub definitions: Vec<Definition<'a>>,
    records: Reader<'a>,
    record_count: u64,
}

impl<'a> Batch<'a> {
    /// Reads the beginning of a payload.
    ///
    /// # Errors
    /// When the definitions are damaged.
    pub fn open(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let first_arrival = Arrival::new(reader.u64()?);
        let definitions =
            (0..reader.length()?).map(|_| Definition::read(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        let record_count = reader.length()? as u64;
        Ok(Self { first_arrival, definitions, records: reader, record_count })
    }

    /// Calls `visit` with every record: its arrival (that of the next record, for one without), its offset in the
    /// payload, and what it says.
    ///
    /// # Errors
    /// When a record is damaged, or `visit` says so.
    pub fn visit<E: From<DecodeError>>(
        &self,
        mut visit: impl FnMut(Arrival, usize, Record<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = self.records.clone();
        let mut arrival = self.first_arrival;
        for _ in 0..self.record_count {
            let offset = reader.position();
            let record = Record::read(&mut reader)?;
            let next = arrival.plus(u64::from(record.has_arrival()));
            visit(arrival, offset, record)?;
            arrival = next;
        }
        reader.finish()?;
        Ok(())
    }

    /// Hands every record over, of events their parts as they are read: once, where [`Self::visit`] passes over groups and
    /// properties to find the next record, and leaves them to be read.
    ///
    /// # Errors
    /// When a record is damaged, or `taker` says so.
    pub fn hand_over(&self, taker: &mut impl RecordTaker<'a>) -> Result<(), DecodeError> {
        let mut reader = self.records.clone();
        let mut arrival = self.first_arrival;
        for _ in 0..self.record_count {
            let mut after = reader.clone();
            if after.u8()? == EVENT {
                reader = after;
                let head = EventHead::read(&mut reader)?;
                taker.event(arrival, &head);
                EventGroups::visit(&mut reader, |group_type, key| taker.group(arrival, &head, group_type, key))?;
                EventProperties::visit(&mut reader, |name, value| taker.property(name, value))?;
                arrival = arrival.plus(1);
                continue;
            }
            let record = Record::read(&mut reader)?;
            let next = arrival.plus(u64::from(record.has_arrival()));
            taker.other(arrival, record);
            arrival = next;
        }
        reader.finish()
    }

    /// The record at an offset that [`Self::visit`] gave.
    ///
    /// # Errors
    /// When there is none.
    pub fn record_at(payload: &'a [u8], offset: usize) -> Result<Record<'a>, DecodeError> {
        Record::read(&mut Reader::new(payload.get(offset..).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::*;
    use super::*;
    use crate::model::{EventId, GroupKeyId, GroupTypeId, PropertyId, StoredName, Timestamp, UserId, Value};

    #[test]
    fn a_batch_reads_back() {
        let time = Timestamp::from_micros(-5).unwrap();
        let nested = Value::from_serde(&serde_json::json!({"a": [1, 2.5, null], "b": u64::MAX}));
        let import =
            ImportRecord { head_bytes: 1, head: [1; 32], bytes: 2, lines: 3, digest: [2; 32], continues: [0; 32] };
        let records = [
            Record::OnlyDeclared(true),
            Record::KeepDays(Some(400)),
            Record::Timezone("Europe/Berlin"),
            Record::Identify(IdentifyRecord { user: UserId::new(1), time, ops: "" }),
            Record::Group(GroupRecord {
                group_type: GroupTypeId::new(0),
                key: GroupKeyId::new(7),
                user: Some(UserId::new(0)),
                time,
                ops: "{}",
            }),
            Record::Alias(AliasRecord { user: UserId::new(0), alias: UserId::new(1), time: None }),
            Record::Cohort(CohortRecord { name: "power", report: "{}" }),
            Record::DeclareGroupType { group_type: GroupTypeId::new(0), display_name: "Companies" },
            Record::Import(import),
            Record::BatchKey(BatchKeyRecord { key: [3; 16], body: [4; 16], time_micros: -6 }),
        ];
        let definitions = [
            Definition { list: StoredName::User, text: "u1" },
            Definition { list: StoredName::GroupKey(0), text: "acme" },
        ];
        let mut builder = BatchBuilder::default();
        definitions.iter().for_each(|definition| builder.define(*definition));
        let head = EventHead { user: UserId::new(0), event: EventId::new(300), time, insert_id: Some("id") };
        let groups = [(GroupTypeId::new(0), GroupKeyId::new(7))];
        let properties = [(PropertyId::new(1), nested), (PropertyId::new(2), Value::Null)];
        builder.begin_event(&head, &groups, properties.len());
        properties.iter().for_each(|(name, value)| builder.push_property(*name, value));
        records.iter().for_each(|record| builder.push(record));
        assert_eq!(builder.arrivals(), 5);
        let built = builder.build(Arrival::new(10));
        let payload = built.payload;
        let batch = Batch::open(&payload).unwrap();
        assert_eq!(batch.definitions, definitions);
        let mut found = Vec::new();
        batch
            .visit::<DecodeError>(|arrival, offset, record| {
                assert_eq!(Batch::record_at(&payload, offset)?, record);
                found.push((arrival.raw(), record));
                Ok(())
            })
            .unwrap();
        let (_, event) = found.remove(0);
        let Record::Event(found_event) = &event else { panic!("{event:?}") };
        let EventRecord { user, event: name, time, insert_id, .. } = *found_event;
        assert_eq!(EventHead { user, event: name, time, insert_id }, head);
        assert!(found_event.groups.iter().eq(groups));
        let found_properties = found_event.properties.iter().map(|(name, value)| (name, value.value().unwrap()));
        assert!(found_properties.eq(properties));
        assert_eq!(built.arrivals, 5);
        let remembered = built.remembered.iter().map(|offset| Batch::record_at(&payload, *offset).unwrap());
        let records: Vec<_> = [event].into_iter().chain(records).collect();
        assert!(remembered.eq(records.iter().filter(|record| record.is_remembered()).cloned()));
        let arrivals: Vec<u64> = found.iter().map(|(arrival, _)| *arrival).collect();
        assert_eq!(arrivals, [11, 11, 11, 11, 12, 13, 14, 15, 15, 15]);
        assert!(found.iter().map(|(_, record)| record).eq(&records[1..]));
        definitions.iter().for_each(|definition| builder.define(*definition));
        records.iter().for_each(|record| builder.push(record));
        assert_eq!(builder.finish(Arrival::new(10)), payload, "as it was read, so it is written");
        for length in 0..payload.len() {
            let cut = Batch::open(&payload[..length]).and_then(|batch| batch.visit(|_, _, _| Ok(())));
            assert!(cut.is_err(), "{length}");
        }
    }
}
