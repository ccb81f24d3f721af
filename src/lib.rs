//! trackcrumb

pub mod codec;
pub mod dictionary;
pub mod index;
pub mod log;
pub mod model;
pub mod profiles;
pub mod segment;
