//! What the store is about: events, calls, values, ids and limits. No input, no output.
//!
//! Every other module imports this one; it imports none of them.

pub mod call;
pub mod erasure;
pub mod ids;
pub mod limits;
pub mod name;
pub mod number;
pub mod order;
pub mod property;
pub mod text_list;
pub mod timestamp;
pub mod value;

pub use call::{AliasCall, CohortCall, Event, GroupCall, IdentifyCall, Line};
pub use erasure::Erasure;
pub use ids::{Arrival, EventId, GroupKeyId, GroupTypeId, IdSets, PropertyId, StoredName, UnitId, UserId};
pub use name::{DisplayName, EventName, GroupKey, GroupType, InsertId, NameError, UserName};
pub use number::Number;
pub use order::Moment;
pub use property::{Properties, PropertyOps};
pub use text_list::{TextIter, TextList};
pub use timestamp::Timestamp;
pub use value::{Value, ValueKind, ValueRef};
