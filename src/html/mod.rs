//! Pages as HTML, made from typed answers. Knows nothing of HTTP but the addresses that pages link to.
//!
//! Invariants:
//! - Text of whoever sends events reaches a page as text: [`maud`] escapes it, and no script puts it in as markup.
//! - No style and no script stands in a page; what sets sizes and colours are classes and SVG attributes.
//! - A link goes through [`Visit::to`], which keeps the workspace, or through [`Address`], which escapes.
//! - Everything but charts works without scripts.

mod address;
pub mod asset;
mod frame;
mod groups;
mod icon;
mod licenses;
mod login;
pub mod menu;
mod moment;
mod problem;
mod properties;
pub mod report;
mod state;
pub mod table;
mod visit;

pub use address::Address;
pub use frame::Frame;
pub use groups::{GroupsList, ROWS, groups, groups_empty};
pub use licenses::licenses;
pub use login::{Login, login};
pub use problem::problem;
pub use visit::Visit;
