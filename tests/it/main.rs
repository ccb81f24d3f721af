//! All integration tests, in one binary.

mod generate;
mod layers;
mod naive;
mod pages;
mod reports;
mod support;
