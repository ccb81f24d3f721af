//! trackcrumb

pub mod model;
