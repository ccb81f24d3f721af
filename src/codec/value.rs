//! Values as bytes. Layout: `format-spec/README.md`, "Values".

use super::{DecodeError, Reader, Writer};
use crate::model::value::write_json_object;
use crate::model::{Number, Value};

/// Appends a value: one byte for its kind, then what the kind needs.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.put_u8(0),
        Value::Bool(false) => out.put_u8(1),
        Value::Bool(true) => out.put_u8(2),
        Value::Number(Number::Integer(integer)) => {
            out.put_u8(3);
            out.put_zigzag(*integer);
        }
        Value::Number(Number::Large(large)) => {
            out.put_u8(4);
            out.put_u64(*large);
        }
        Value::Number(Number::Double(double)) => {
            out.put_u8(5);
            out.put_f64(*double);
        }
        Value::String(text) => {
            out.put_u8(6);
            out.put_text(text);
        }
        Value::List(_) | Value::Object(_) => {
            let mut json = String::new();
            match value {
                Value::Object(fields) => write_json_object(fields, &mut json),
                other => other.write_json(&mut json),
            }
            out.put_u8(7);
            out.put_text(&json);
        }
    }
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
