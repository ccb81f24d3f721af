//! The groups and the properties of an event, as they stand in a payload: their lengths are checked when they are read,
//! values when somebody asks for them. Layout: `format-spec/log.md`.

use crate::codec::value::{pass_value, read_value, write_value};
use crate::codec::{DecodeError, Reader, Writer};
use crate::model::{GroupKeyId, GroupTypeId, PropertyId, Value, ValueRef};

/// So many entries, one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entries<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Entries<'a> {
    fn read<T>(
        reader: &mut Reader<'a>,
        entry: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let count = reader.length()?;
        let start = reader.position();
        for _ in 0..count {
            entry(reader)?;
        }
        Ok(Self { count, bytes: reader.since(start) })
    }

    fn write(self, out: &mut Vec<u8>) {
        out.put_varint(self.count as u64);
        out.put(self.bytes);
    }

    fn iter<T>(self, entry: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>) -> impl Iterator<Item = T> {
        let mut reader = Reader::new(self.bytes);
        // They were read before, so none fails.
        (0..self.count).map_while(move |_| entry(&mut reader).ok())
    }
}

/// Group types with their keys, ascending by type id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventGroups<'a>(Entries<'a>);

impl<'a> EventGroups<'a> {
    /// Types and keys.
    pub fn iter(self) -> impl Iterator<Item = (GroupTypeId, GroupKeyId)> + use<'a> {
        self.0.iter(read_group)
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Entries::read(reader, read_group).map(Self)
    }

    /// Calls `visit` with each as it is read.
    pub(super) fn visit(
        reader: &mut Reader<'a>,
        mut visit: impl FnMut(GroupTypeId, GroupKeyId),
    ) -> Result<(), DecodeError> {
        for _ in 0..reader.length()? {
            let (group_type, key) = read_group(reader)?;
            visit(group_type, key);
        }
        Ok(())
    }
}

#[inline]
fn read_group(reader: &mut Reader<'_>) -> Result<(GroupTypeId, GroupKeyId), DecodeError> {
    Ok((GroupTypeId::new(reader.varint_u32()?), GroupKeyId::new(reader.varint_u32()?)))
}

/// Properties, in order of name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventProperties<'a>(Entries<'a>);

impl<'a> EventProperties<'a> {
    /// Names and values.
    pub fn iter(self) -> impl Iterator<Item = (PropertyId, StoredValue<'a>)> {
        self.0.iter(read_property)
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Entries::read(reader, read_property).map(Self)
    }

    /// Calls `visit` with each as it is read.
    pub(super) fn visit(
        reader: &mut Reader<'a>,
        mut visit: impl FnMut(PropertyId, StoredValue<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..reader.length()? {
            let (name, value) = read_property(reader)?;
            visit(name, value)?;
        }
        Ok(())
    }
}

#[inline]
fn read_property<'a>(reader: &mut Reader<'a>) -> Result<(PropertyId, StoredValue<'a>), DecodeError> {
    Ok((PropertyId::new(reader.varint_u32()?), StoredValue(pass_value(reader)?)))
}

/// Writes the groups of an event: types by ascending id.
pub(super) fn write_groups(groups: &[(GroupTypeId, GroupKeyId)], out: &mut Vec<u8>) {
    out.put_varint(groups.len() as u64);
    for (group_type, key) in groups {
        out.put_varint(u64::from(group_type.raw()));
        out.put_varint(u64::from(key.raw()));
    }
}

/// Writes one of the properties of an event, whose number is written before them. They come in order of name.
#[inline]
pub(super) fn write_property<'a>(name: PropertyId, value: impl Into<ValueRef<'a>>, out: &mut Vec<u8>) {
    out.put_varint(u64::from(name.raw()));
    write_value(value, out);
}

/// A value as its bytes, which are equal for equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredValue<'a>(&'a [u8]);

impl<'a> StoredValue<'a> {
    /// The bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn value(self) -> Result<Value, DecodeError> {
        read_value(&mut Reader::new(self.0))
    }
}
