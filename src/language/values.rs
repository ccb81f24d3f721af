//! Values for filters, as library users write them: `"US"`, `5`, `["US", "DE"]`.

use crate::model::{Number, Value};

/// One string, number or boolean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar(Value);

/// The values that a filter compares with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Values(Vec<Value>);

impl Values {
    /// No values.
    pub fn none() -> Self {
        Self::default()
    }

    pub(super) fn from_vec(values: Vec<Value>) -> Self {
        Self(values)
    }

    pub(super) fn into_vec(self) -> Vec<Value> {
        self.0
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        scalar.0
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self(Value::string(text))
    }
}

impl From<String> for Scalar {
    fn from(text: String) -> Self {
        Self(Value::String(text))
    }
}

impl From<bool> for Scalar {
    fn from(truth: bool) -> Self {
        Self(Value::Bool(truth))
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self(Value::integer(number))
    }
}

impl From<i32> for Scalar {
    fn from(number: i32) -> Self {
        Self(Value::integer(number.into()))
    }
}

impl From<u64> for Scalar {
    fn from(number: u64) -> Self {
        Self(Value::Number(Number::from_u64(number)))
    }
}

/// What is no finite number becomes null, which a filter refuses when the document is built.
impl From<f64> for Scalar {
    fn from(number: f64) -> Self {
        Self(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }
}

/// A value as it is; lists, objects and null are refused when the document is built.
impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// One value is a list of one.
impl<T: Into<Scalar>> From<T> for Values {
    fn from(value: T) -> Self {
        Self(vec![value.into().0])
    }
}

impl<T: Into<Scalar>> From<Vec<T>> for Values {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Scalar>, const N: usize> From<[T; N]> for Values {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<Scalar>> FromIterator<T> for Values {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(|value| value.into().0).collect())
    }
}
