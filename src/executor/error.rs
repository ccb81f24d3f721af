//! Why an execution came to no end.

use super::limits::Stop;
use crate::codec::DecodeError;

/// Why an execution came to no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutionError {
    /// The store is damaged.
    Damage(DecodeError),
    /// It was stopped.
    Stopped(Stop),
}

impl From<DecodeError> for ExecutionError {
    fn from(damage: DecodeError) -> Self {
        Self::Damage(damage)
    }
}

impl From<Stop> for ExecutionError {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}
