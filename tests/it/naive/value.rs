//! Property values: one normal form, the contract's equality and ranking order, dotted paths.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

pub(super) type Object = BTreeMap<String, Plain>;

/// A JSON value in normal form: equal values have equal forms.
///
/// A number is `Int` whenever it is integral and within 64 bits (1.0 and -0.0 included),
/// otherwise `Float`: so 1 and 1.0 are one value, while 1 and "1" are two.
#[derive(Clone, Debug)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Plain>),
    Object(Object),
}

const INT_MIN: f64 = -9_223_372_036_854_775_808.0;
const INT_END: f64 = 18_446_744_073_709_551_616.0;

impl Plain {
    pub(super) fn of(json: &Value) -> Plain {
        match json {
            Value::Null => Plain::Null,
            Value::Bool(b) => Plain::Bool(*b),
            Value::Number(n) => {
                if let Some(int) = n.as_i64() {
                    Plain::Int(i128::from(int))
                } else if let Some(int) = n.as_u64() {
                    Plain::Int(i128::from(int))
                } else {
                    Plain::of_float(n.as_f64().expect("a number within doubles"))
                }
            }
            Value::String(s) => Plain::Text(s.clone()),
            Value::Array(items) => Plain::List(items.iter().map(Plain::of).collect()),
            Value::Object(map) => Plain::Object(object_of(map)),
        }
    }

    pub(super) fn of_float(float: f64) -> Plain {
        if float.fract() == 0.0 && (INT_MIN..INT_END).contains(&float) {
            Plain::Int(float as i128)
        } else {
            Plain::Float(float)
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Plain::Null => Value::Null,
            Plain::Bool(b) => Value::Bool(*b),
            Plain::Int(int) => int_json(*int),
            Plain::Float(float) => Value::from(*float),
            Plain::Text(s) => Value::from(s.as_str()),
            Plain::List(items) => Value::Array(items.iter().map(Plain::json).collect()),
            Plain::Object(object) => object_json(object),
        }
    }

    /// The number as the nearest double; anything but a number is none.
    pub(super) fn as_double(&self) -> Option<f64> {
        match self {
            Plain::Int(int) => Some(*int as f64),
            Plain::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// Compact JSON with sorted keys.
    pub(super) fn compact(&self) -> String {
        match self {
            Plain::List(items) => {
                let parts: Vec<String> = items.iter().map(Plain::compact).collect();
                format!("[{}]", parts.join(","))
            }
            Plain::Object(object) => {
                let parts: Vec<String> = object
                    .iter()
                    .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), value.compact()))
                    .collect();
                format!("{{{}}}", parts.join(","))
            }
            scalar => scalar.json().to_string(),
        }
    }

    /// null, false, true, numbers, strings, then lists and objects.
    fn rank(&self) -> u8 {
        match self {
            Plain::Null => 0,
            Plain::Bool(false) => 1,
            Plain::Bool(true) => 2,
            Plain::Int(_) | Plain::Float(_) => 3,
            Plain::Text(_) => 4,
            Plain::List(_) | Plain::Object(_) => 5,
        }
    }
}

impl Ord for Plain {
    fn cmp(&self, other: &Plain) -> Ordering {
        match (self, other) {
            (Plain::Text(a), Plain::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (a, b) if a.rank() != b.rank() => a.rank().cmp(&b.rank()),
            (a, b) if a.rank() == 3 => compare_numbers(a, b),
            (a, b) if a.rank() == 5 => a.compact().cmp(&b.compact()),
            _ => Ordering::Equal,
        }
    }
}

impl PartialOrd for Plain {
    fn partial_cmp(&self, other: &Plain) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Plain {
    fn eq(&self, other: &Plain) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Plain {}

/// Exact comparison: an integer is never rounded to a double first.
fn compare_numbers(a: &Plain, b: &Plain) -> Ordering {
    match (a, b) {
        (Plain::Int(a), Plain::Int(b)) => a.cmp(b),
        (Plain::Float(a), Plain::Float(b)) => a.partial_cmp(b).expect("no NaN in JSON"),
        (Plain::Int(a), Plain::Float(b)) => compare_int_float(*a, *b),
        (Plain::Float(a), Plain::Int(b)) => compare_int_float(*b, *a).reverse(),
        _ => unreachable!("only numbers are compared here"),
    }
}

fn compare_int_float(int: i128, float: f64) -> Ordering {
    if float >= INT_END {
        return Ordering::Less;
    }
    if float < INT_MIN {
        return Ordering::Greater;
    }
    // Within 64 bits a float in normal form has a fraction: floor < float < floor + 1.
    let floor = float.floor() as i128;
    if int <= floor { Ordering::Less } else { Ordering::Greater }
}

fn int_json(int: i128) -> Value {
    match (i64::try_from(int), u64::try_from(int)) {
        (Ok(int), _) => Value::from(int),
        (_, Ok(int)) => Value::from(int),
        _ => unreachable!("integers are within 64 bits"),
    }
}

pub(super) fn object_of(map: &serde_json::Map<String, Value>) -> Object {
    map.iter().map(|(key, value)| (key.clone(), Plain::of(value))).collect()
}

pub(super) fn object_json(object: &Object) -> Value {
    Value::Object(object.iter().map(|(key, value)| (key.clone(), value.json())).collect())
}

/// The value at a dotted path, none when absent or null.
///
/// At each level the whole rest is tried as a key first, else the part up to the first dot.
pub(super) fn at_path<'a>(object: &'a Object, path: &str) -> Option<&'a Plain> {
    match object.get(path) {
        Some(Plain::Null) | None => {}
        found => return found,
    }
    let (head, rest) = path.split_once('.')?;
    match object.get(head)? {
        Plain::Object(inner) => at_path(inner, rest),
        _ => None,
    }
}
