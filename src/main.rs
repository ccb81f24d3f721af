//! The `trackcrumb` binary.
fn main() {}
