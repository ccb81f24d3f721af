//! Values as bytes. Layout: `format-spec/README.md`, "Values".

use super::{DecodeError, Reader, Writer};
use crate::model::{Number, Value, ValueRef};

/// Appends a value: one byte for its kind, then what the kind needs. Equal values have equal bytes, and no others.
#[inline]
pub fn write_value<'a>(value: impl Into<ValueRef<'a>>, out: &mut Vec<u8>) {
    match value.into() {
        ValueRef::String(text) if text.len() < 0x80 => {
            // Most are such, and take room once.
            out.reserve(2 + text.len());
            out.extend_from_slice(&[6, text.len() as u8]);
            out.extend_from_slice(text.as_bytes());
        }
        other => write_other(other, out),
    }
}

fn write_other(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => out.put_u8(0),
        ValueRef::Bool(false) => out.put_u8(1),
        ValueRef::Bool(true) => out.put_u8(2),
        ValueRef::Number(Number::Integer(integer)) => {
            out.put_u8(3);
            out.put_zigzag(integer);
        }
        ValueRef::Number(Number::Large(large)) => {
            out.put_u8(4);
            out.put_u64(large);
        }
        ValueRef::Number(Number::Double(double)) => {
            out.put_u8(5);
            out.put_f64(double);
        }
        ValueRef::String(text) => {
            out.put_u8(6);
            out.put_text(text);
        }
        ValueRef::Nested(value) => {
            out.put_u8(7);
            out.put_text(&value.to_json());
        }
    }
}

/// Passes over a value without looking at what is in it; answers its bytes, of which [`read_value`] may yet say that they
/// are damaged.
#[inline]
pub fn pass_value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    // Most are strings whose length takes one byte.
    match reader.rest() {
        [6, length, ..] if *length < 0x80 => reader.take(2 + usize::from(*length)),
        _ => pass_any_value(reader),
    }
}

#[inline(never)]
fn pass_any_value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let start = reader.position();
    match reader.u8()? {
        0..=2 => {}
        3 => {
            reader.varint()?;
        }
        4 | 5 => {
            reader.u64()?;
        }
        6 | 7 => {
            let length = reader.length()?;
            reader.take(length)?;
        }
        other => return Err(reader.error(format!("there is no value of kind {other}"))),
    }
    Ok(reader.since(start))
}

/// Reads what [`write_value`] wrote. A number is accepted in its one form only.
pub fn read_value(reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
    Ok(match reader.u8()? {
        0 => Value::Null,
        1 => Value::Bool(false),
        2 => Value::Bool(true),
        kind @ 3..=5 => Value::Number(number(kind, reader)?),
        6 => Value::string(reader.text()?),
        7 => {
            let json = reader.text()?;
            match serde_json::from_str(json) {
                Ok(nested @ (serde_json::Value::Array(_) | serde_json::Value::Object(_))) => Value::from_serde(&nested),
                _ => return Err(reader.error("a nested value is not a JSON list or object")),
            }
        }
        other => return Err(reader.error(format!("there is no value of kind {other}"))),
    })
}

/// The text of a value that is a string of fewer than 128 bytes, as most are. No other value has the same.
#[inline]
pub fn short_text(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [6, length, text @ ..] if *length < 0x80 => Some(text),
        _ => None,
    }
}

/// Reads a value if it is a number, as [`read_value`] does.
#[inline]
pub fn read_number(bytes: &[u8]) -> Result<Option<Number>, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.u8()? {
        kind @ 3..=5 => number(kind, &mut reader).map(Some),
        _ => Ok(None),
    }
}

/// The number of this kind.
#[inline]
fn number(kind: u8, reader: &mut Reader<'_>) -> Result<Number, DecodeError> {
    let number = match kind {
        3 => return reader.zigzag().map(Number::Integer),
        4 => Some(Number::from_u64(reader.u64()?)).filter(|number| matches!(number, Number::Large(_))),
        _ => Number::from_f64(reader.f64()?).filter(|number| matches!(number, Number::Double(_))),
    };
    number.ok_or_else(|| reader.error("a number is not in its one form"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_passed_as_far_as_it_is_read() {
        for json in
            ["null", "false", "true", "-1", "300", "18446744073709551615", "0.5", r#""é""#, "[1]", r#"{"a":[]}"#]
        {
            let value = Value::from_serde(&serde_json::from_str(json).unwrap());
            let mut bytes = Vec::new();
            write_value(&value, &mut bytes);
            for cut in 0..bytes.len() {
                assert!(pass_value(&mut Reader::new(&bytes[..cut])).is_err(), "{json} {cut}");
            }
            let stored = bytes.clone();
            bytes.push(0);
            let mut reader = Reader::new(&bytes);
            assert_eq!(pass_value(&mut reader), Ok(&stored[..]), "{json}");
            assert_eq!((reader.remaining(), read_value(&mut Reader::new(&stored))), (1, Ok(value)));
        }
        assert!(pass_value(&mut Reader::new(&[8, 0])).is_err());
    }
}
