//! What a batch's payload is made of: definitions of new names, then records. Layout: `format-spec/log.md`.

use super::event::{EventGroups, EventProperties};
use crate::codec::{DecodeError, Reader, Writer};
use crate::model::{EventId, GroupKeyId, GroupTypeId, StoredName, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A name that takes the next id of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// The list.
    pub list: StoredName,
    /// The name.
    pub text: &'a str,
}

impl<'a> Definition<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self.list {
            StoredName::User => out.put_u8(0),
            StoredName::Event => out.put_u8(1),
            StoredName::Property => out.put_u8(2),
            StoredName::GroupType => out.put_u8(3),
            StoredName::GroupKey(group_type) => {
                out.put_u8(4);
                out.put_varint(u64::from(group_type));
            }
        }
        out.put_text(self.text);
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let list = match reader.u8()? {
            0 => StoredName::User,
            1 => StoredName::Event,
            2 => StoredName::Property,
            3 => StoredName::GroupType,
            4 => StoredName::GroupKey(reader.varint_u32()?),
            other => return Err(reader.error(format!("there is no list of names {other}"))),
        };
        Ok(Self { list, text: reader.text()? })
    }
}

/// A record, borrowed from the payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'a> {
    /// An event.
    Event(EventRecord<'a>),
    /// identify().
    Identify(IdentifyRecord<'a>),
    /// group().
    Group(GroupRecord<'a>),
    /// alias().
    Alias(AliasRecord),
    /// A saved cohort.
    Cohort(CohortRecord<'a>),
    /// A group type is declared under a display name. No arrival of its own.
    DeclareGroupType {
        /// The type.
        group_type: GroupTypeId,
        /// How people call it.
        display_name: &'a str,
    },
    /// Whether undeclared group types are refused. No arrival of its own.
    OnlyDeclared(bool),
    /// For how many days events are kept; `None` is for ever. No arrival of its own.
    KeepDays(Option<u32>),
    /// Whose calendar documents without a time zone follow. No arrival of its own.
    Timezone(&'a str),
    /// How far an import got. No arrival of its own.
    Import(ImportRecord),
    /// The key that the batch was sent under. No arrival of its own.
    BatchKey(BatchKeyRecord),
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord<'a> {
    /// Who, under the id that was sent.
    pub user: UserId,
    /// What.
    pub event: EventId,
    /// When.
    pub time: Timestamp,
    /// The sender's own id.
    pub insert_id: Option<&'a str>,
    /// Group types with their keys.
    pub groups: EventGroups<'a>,
    /// Properties.
    pub properties: EventProperties<'a>,
}

/// What an event says before its groups and properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHead<'a> {
    /// Who, under the id that was sent.
    pub user: UserId,
    /// What.
    pub event: EventId,
    /// When.
    pub time: Timestamp,
    /// The sender's own id.
    pub insert_id: Option<&'a str>,
}

/// An identify() call as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifyRecord<'a> {
    /// Whose properties.
    pub user: UserId,
    /// When.
    pub time: Timestamp,
    /// The operations as a JSON object of the parts given; empty when there are none.
    pub ops: &'a str,
}

/// A group() call as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord<'a> {
    /// The type.
    pub group_type: GroupTypeId,
    /// The key.
    pub key: GroupKeyId,
    /// Who belongs to it from now on.
    pub user: Option<UserId>,
    /// When.
    pub time: Timestamp,
    /// The operations as a JSON object of the parts given; empty when there are none.
    pub ops: &'a str,
}

/// An alias() call as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AliasRecord {
    /// The id that stays.
    pub user: UserId,
    /// The id that joins it.
    pub alias: UserId,
    /// The timestamp that was sent.
    pub time: Option<Timestamp>,
}

/// A saved cohort as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortRecord<'a> {
    /// The name.
    pub name: &'a str,
    /// The document.
    pub report: &'a str,
}

/// How far an import got, as unpacked bytes from the beginning of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// How many of the first bytes `head` covers: what tells an unlike input early.
    pub head_bytes: u64,
    /// BLAKE3 of the first bytes.
    pub head: [u8; 32],
    /// How many bytes are done.
    pub bytes: u64,
    /// How many lines are done.
    pub lines: u64,
    /// BLAKE3 of the bytes that are done.
    pub digest: [u8; 32],
    /// The digest of the record that this one takes the place of; zeros for a new import.
    pub continues: [u8; 32],
}

/// The key that a batch was sent under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchKeyRecord {
    /// 128 bits of the BLAKE3 of the key.
    pub key: [u8; 16],
    /// 128 bits of the BLAKE3 of what was sent.
    pub body: [u8; 16],
    /// When it arrived, in microseconds since the epoch.
    pub time_micros: i64,
}

pub(super) const EVENT: u8 = 1;
const IDENTIFY: u8 = 2;
const GROUP: u8 = 3;
const ALIAS: u8 = 4;
const COHORT: u8 = 5;
const DECLARE_GROUP_TYPE: u8 = 6;
const ONLY_DECLARED: u8 = 7;
const IMPORT: u8 = 8;
const KEEP_DAYS: u8 = 9;
const BATCH_KEY: u8 = 10;
const TIMEZONE: u8 = 11;

impl<'a> Record<'a> {
    /// Whether the record takes an arrival number.
    pub fn has_arrival(&self) -> bool {
        match self {
            Self::Event(_) | Self::Identify(_) | Self::Group(_) | Self::Alias(_) | Self::Cohort(_) => true,
            Self::DeclareGroupType { .. }
            | Self::OnlyDeclared(_)
            | Self::KeepDays(_)
            | Self::Timezone(_)
            | Self::Import(_)
            | Self::BatchKey(_) => false,
        }
    }

    /// Whether a writer keeps something of it in mind beside the batch: an insert id, an alias, a setting and so on.
    pub fn is_remembered(&self) -> bool {
        match self {
            Self::Event(event) => event.insert_id.is_some(),
            Self::Identify(_) | Self::Group(_) => false,
            _ => true,
        }
    }

    /// Whether it says something that other records are read by: an alias, a cohort, a setting.
    pub fn concerns_others(&self) -> bool {
        match self {
            Self::Alias(_)
            | Self::Cohort(_)
            | Self::DeclareGroupType { .. }
            | Self::OnlyDeclared(_)
            | Self::KeepDays(_)
            | Self::Timezone(_) => true,
            Self::Event(_) | Self::Identify(_) | Self::Group(_) | Self::Import(_) | Self::BatchKey(_) => false,
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Event(event) => event.write(out),
            Self::Identify(call) => {
                out.put_u8(IDENTIFY);
                out.put_varint(u64::from(call.user.raw()));
                out.put_i64(call.time.micros());
                out.put_text(call.ops);
            }
            Self::Group(call) => {
                out.put_u8(GROUP);
                out.put_varint(u64::from(call.group_type.raw()));
                out.put_varint(u64::from(call.key.raw()));
                out.put_varint(call.user.map_or(0, |user| u64::from(user.raw()) + 1));
                out.put_i64(call.time.micros());
                out.put_text(call.ops);
            }
            Self::Alias(call) => {
                out.put_u8(ALIAS);
                out.put_varint(u64::from(call.user.raw()));
                out.put_varint(u64::from(call.alias.raw()));
                out.put_u8(u8::from(call.time.is_some()));
                if let Some(time) = call.time {
                    out.put_i64(time.micros());
                }
            }
            Self::Cohort(cohort) => {
                out.put_u8(COHORT);
                out.put_text(cohort.name);
                out.put_text(cohort.report);
            }
            Self::DeclareGroupType { group_type, display_name } => {
                out.put_u8(DECLARE_GROUP_TYPE);
                out.put_varint(u64::from(group_type.raw()));
                out.put_text(display_name);
            }
            Self::OnlyDeclared(on) => {
                out.put_u8(ONLY_DECLARED);
                out.put_u8(u8::from(*on));
            }
            Self::KeepDays(days) => {
                out.put_u8(KEEP_DAYS);
                out.put_varint(days.map_or(0, u64::from));
            }
            Self::Timezone(name) => {
                out.put_u8(TIMEZONE);
                out.put_text(name);
            }
            Self::Import(import) => {
                out.put_u8(IMPORT);
                out.put_u64(import.head_bytes);
                out.put(&import.head);
                out.put_u64(import.bytes);
                out.put_u64(import.lines);
                out.put(&import.digest);
                out.put(&import.continues);
            }
            Self::BatchKey(sent) => {
                out.put_u8(BATCH_KEY);
                out.put(&sent.key);
                out.put(&sent.body);
                out.put_i64(sent.time_micros);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(match reader.u8()? {
            EVENT => Self::Event(EventRecord::read(reader)?),
            IDENTIFY => Self::Identify(IdentifyRecord {
                user: UserId::new(reader.varint_u32()?),
                time: timestamp(reader)?,
                ops: reader.text()?,
            }),
            GROUP => Self::Group(GroupRecord {
                group_type: GroupTypeId::new(reader.varint_u32()?),
                key: GroupKeyId::new(reader.varint_u32()?),
                user: match reader.varint()? {
                    0 => None,
                    user => Some(UserId::new(
                        u32::try_from(user - 1).map_err(|_| reader.error("a user id is larger than 32 bits"))?,
                    )),
                },
                time: timestamp(reader)?,
                ops: reader.text()?,
            }),
            ALIAS => Self::Alias(AliasRecord {
                user: UserId::new(reader.varint_u32()?),
                alias: UserId::new(reader.varint_u32()?),
                time: if flag(reader)? { Some(timestamp(reader)?) } else { None },
            }),
            COHORT => Self::Cohort(CohortRecord { name: reader.text()?, report: reader.text()? }),
            DECLARE_GROUP_TYPE => Self::DeclareGroupType {
                group_type: GroupTypeId::new(reader.varint_u32()?),
                display_name: reader.text()?,
            },
            ONLY_DECLARED => Self::OnlyDeclared(flag(reader)?),
            KEEP_DAYS => Self::KeepDays(Some(reader.varint_u32()?).filter(|days| *days > 0)),
            TIMEZONE => Self::Timezone(reader.text()?),
            IMPORT => Self::Import(ImportRecord {
                head_bytes: reader.u64()?,
                head: digest(reader)?,
                bytes: reader.u64()?,
                lines: reader.u64()?,
                digest: digest(reader)?,
                continues: digest(reader)?,
            }),
            BATCH_KEY => Self::BatchKey(BatchKeyRecord {
                key: digest(reader)?,
                body: digest(reader)?,
                time_micros: reader.i64()?,
            }),
            other => return Err(reader.error(format!("there is no record of kind {other}"))),
        })
    }
}

fn flag(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(reader.error(format!("{other} is neither yes nor no"))),
    }
}

fn timestamp(reader: &mut Reader<'_>) -> Result<Timestamp, DecodeError> {
    Timestamp::from_micros(reader.i64()?).map_err(|error| reader.error(format!("a timestamp {error}")))
}

fn digest<const BYTES: usize>(reader: &mut Reader<'_>) -> Result<[u8; BYTES], DecodeError> {
    let mut digest = [0; BYTES];
    digest.copy_from_slice(reader.take(BYTES)?);
    Ok(digest)
}

impl<'a> EventRecord<'a> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { user, event, time, insert_id, .. } = *self;
        out.put_u8(EVENT);
        EventHead { user, event, time, insert_id }.write(out);
        self.groups.write(out);
        self.properties.write(out);
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let EventHead { user, event, time, insert_id } = EventHead::read(reader)?;
        let (groups, properties) = (EventGroups::read(reader)?, EventProperties::read(reader)?);
        Ok(Self { user, event, time, insert_id, groups, properties })
    }
}

impl<'a> EventHead<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.put_varint(u64::from(self.user.raw()));
        out.put_varint(u64::from(self.event.raw()));
        out.put_i64(self.time.micros());
        // An insert id is never empty, so an empty one says that there is none.
        out.put_text(self.insert_id.unwrap_or_default());
    }

    #[inline]
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            user: UserId::new(reader.varint_u32()?),
            event: EventId::new(reader.varint_u32()?),
            time: timestamp(reader)?,
            insert_id: Some(reader.text()?).filter(|id| !id.is_empty()),
        })
    }
}
