//! What a file may be called: one plain name inside the directory, never a path.
//!
//! Both implementations of `Storage` check every name here before anything else, as a name may be
//! read from a damaged manifest.

use super::error::FileError;

/// The most bytes a name may have; common file systems allow no more.
pub const NAME_BYTES_MAX: usize = 255;

/// What the name of a file ends with until it is published. Such a file is never part of a store and
/// may be removed at any time by the holder of the lock.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Whether the name is that of a file that was never published.
pub fn is_temporary(name: &str) -> bool {
    name.ends_with(TEMPORARY_SUFFIX)
}

/// Refuses a name that could lead out of the directory or that no file can have.
pub(super) fn check(name: &str) -> Result<(), FileError> {
    let plain =
        !name.is_empty() && name.len() <= NAME_BYTES_MAX && name != "." && name != ".." && !name.contains(['/', '\0']);
    if plain { Ok(()) } else { Err(FileError::NotAFileName { name: name.chars().take(NAME_BYTES_MAX).collect() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        let longest = "n".repeat(NAME_BYTES_MAX);
        for name in ["MANIFEST", "log-000001.tcl", "...", ".hidden", "a b", "é", longest.as_str()] {
            assert!(check(name).is_ok(), "{name}");
        }
        let too_long = "n".repeat(NAME_BYTES_MAX + 1);
        for name in ["", ".", "..", "/", "/etc/passwd", "../x", "a/b", "a\0b", too_long.as_str()] {
            assert!(matches!(check(name), Err(FileError::NotAFileName { .. })), "{name}");
        }
    }

    #[test]
    fn temporary_names_are_told_by_their_suffix() {
        assert!(is_temporary("MANIFEST.tmp"));
        assert!(!is_temporary("MANIFEST"));
    }
}
