//! trackcrumb

pub mod codec;
pub mod dictionary;
pub mod log;
pub mod model;
pub mod profiles;
