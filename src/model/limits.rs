//! The sizes that input may have. Lengths are in bytes of UTF-8.

/// Longest user id.
pub const USER_BYTES_MAX: usize = 400;
/// Longest group type.
pub const GROUP_TYPE_BYTES_MAX: usize = 100;
/// Longest group key.
pub const GROUP_KEY_BYTES_MAX: usize = 400;
/// Longest event name.
pub const EVENT_NAME_BYTES_MAX: usize = 200;
/// Longest `insert_id`.
pub const INSERT_ID_BYTES_MAX: usize = 400;
/// Largest properties of one event or one call, as compact JSON.
pub const PROPERTIES_BYTES_MAX: usize = 32_768;
/// Deepest nesting of properties; the properties object itself is depth 1.
pub const PROPERTIES_DEPTH_MAX: usize = 64;
/// Longest display name of a group type.
pub const DISPLAY_NAME_BYTES_MAX: usize = 400;
/// Longest name of a saved cohort.
pub const COHORT_NAME_BYTES_MAX: usize = 400;
/// Events with the same user and insert id this close in time are the same event (inclusive), in microseconds.
pub const DUPLICATE_WINDOW_MICROS: i64 = 7 * 86_400 * 1_000_000;
/// So many keys of batches are remembered, the newest.
pub const BATCH_KEYS_MAX: usize = 10_000;
/// A batch's key is remembered for so long (inclusive) on the clock of whoever took it, in microseconds.
pub const BATCH_KEY_MICROS: i64 = 24 * 3600 * 1_000_000;
