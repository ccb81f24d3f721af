//! Values as bytes. Layout: `format-spec/README.md`, "Values".

use super::{DecodeError, Reader, Writer};
use crate::model::{Number, Value, ValueRef};

/// Appends a value: one byte for its kind, then what the kind needs. Equal values have equal bytes, and no others.
pub fn write_value<'a>(value: impl Into<ValueRef<'a>>, out: &mut Vec<u8>) {
    match value.into() {
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
pub fn pass_value<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let mut ahead = reader.clone();
    match ahead.u8()? {
        0..=2 => {}
        3 => {
            ahead.varint()?;
        }
        4 | 5 => {
            ahead.u64()?;
        }
        6 | 7 => {
            let length = ahead.length()?;
            ahead.take(length)?;
        }
        other => return Err(reader.error(format!("there is no value of kind {other}"))),
    }
    reader.take(ahead.position() - reader.position())
}

/// Reads what [`write_value`] wrote. A number is accepted in its one form only.
pub fn read_value(reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
    Ok(match reader.u8()? {
        0 => Value::Null,
        1 => Value::Bool(false),
        2 => Value::Bool(true),
        3 => Value::integer(reader.zigzag()?),
        4 => match Number::from_u64(reader.u64()?) {
            large @ Number::Large(_) => Value::Number(large),
            _ => return Err(reader.error("a number is not in its one form")),
        },
        5 => match Number::from_f64(reader.f64()?) {
            Some(double @ Number::Double(_)) => Value::Number(double),
            _ => return Err(reader.error("a number is not in its one form")),
        },
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
