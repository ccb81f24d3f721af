//! Reports against the naive evaluator, which reads the contract on its own and scans plain rows.

pub mod agree;
mod explained;
pub mod named;
mod named_funnels;
mod rules;
mod units;
