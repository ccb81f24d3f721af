//! trackcrumb

pub mod codec;
pub mod dictionary;
pub mod executor;
pub mod files;
pub mod index;
pub mod input;
pub mod language;
pub mod log;
pub mod model;
pub mod profiles;
pub mod reports;
pub mod segment;
pub mod store;

pub use model::{Event, Line};
pub use store::Store;
