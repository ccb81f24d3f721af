//! All integration tests, in one binary.

mod generate;
mod layers;
mod naive;
mod reports;
mod support;
