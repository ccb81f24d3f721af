//! Reports against the naive evaluator, which reads the contract on its own and scans plain rows.

pub mod agree;
mod bounds;
mod explained;
mod limits;
mod merged;
pub mod named;
mod named_funnels;
mod rules;
mod units;
mod zones;
