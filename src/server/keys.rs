//! The keys that clients send, as the file `keys.json` beside the store keeps them. Layout: `format-spec/keys.md`.
//!
//! Invariants:
//! - A key is shown once, when it is made; the file has its hash alone.
//! - Two that change the file at the same time do so one after the other: a lock file of its own stands before it.
//! - The bytes of the file are one form of its content, and any others are damage.

use crate::files::{FileError, LockError, Storage, publish_file};
use crate::model::Timestamp;
use crate::store::{RandomError, random_hex};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The file's name.
pub const KEYS: &str = "keys.json";
/// The lock of whoever changes it.
const KEYS_LOCK: &str = "keys.lock";
/// Most bytes of the file.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Random bytes of a key.
const SECRET_BYTES: usize = 24;
/// Random bytes of the id by which people name a key.
const ID_BYTES: usize = 4;

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Sending, and nothing else: fit to be public in a browser.
    Write,
    /// Everything else.
    Read,
}

impl KeyKind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// By which people name it. Not secret.
    pub id: String,
    /// What it allows.
    pub kind: KeyKind,
    /// What it is for, in its maker's words; may be empty.
    pub name: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// BLAKE3 of the key, 64 hexadecimal digits.
    pub hash: String,
}

/// Why keys cannot be read or changed.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The system refused something.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody else is changing them.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file is not what was written.
    #[error("`{location}/{KEYS}` is damaged: {problem}; remove it, and make new keys with `trackcrumb key create`")]
    Damaged {
        /// The directory.
        location: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no key of this id.
    #[error("there is no key `{id}`; `trackcrumb key list` shows their ids")]
    Unknown {
        /// The id.
        id: String,
    },
    /// The system has no random numbers.
    #[error("a key cannot be made, as {0}")]
    Random(#[from] RandomError),
}

/// All keys of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    entries: Vec<KeyEntry>,
    /// What the entries say, in their order.
    hashes: Vec<blake3::Hash>,
}

/// The hash of a key that a client sent, which is all that is compared.
pub(super) struct SecretHash(blake3::Hash);

impl SecretHash {
    pub fn of(secret: &str) -> Self {
        Self(blake3::hash(secret.as_bytes()))
    }
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    keys: Vec<KeyEntry>,
    digest: String,
}

impl Keys {
    /// Reads the keys of a store; none where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn read(storage: &dyn Storage) -> Result<Self, KeyError> {
        let damaged = |problem: String| KeyError::Damaged { location: storage.location(), problem };
        match storage.file_len(KEYS) {
            Err(error) if error.is_not_found() => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
            Ok(length) if length > FILE_BYTES_MAX => return Err(damaged(format!("it has {length} bytes"))),
            Ok(_) => {}
        }
        let bytes = storage.read(KEYS)?;
        let content: Content = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let keys = Self::new(content.keys).map_err(|error| damaged(error.to_string()))?;
        if content.format != 1 {
            return Err(damaged(format!("its format is {}, and this program knows 1", content.format)));
        }
        if keys.to_bytes() != bytes {
            return Err(damaged("its digest is that of other keys".to_owned()));
        }
        Ok(keys)
    }

    fn new(entries: Vec<KeyEntry>) -> Result<Self, blake3::HexError> {
        let hashes = entries.iter().map(|entry| blake3::Hash::from_hex(&entry.hash)).collect::<Result<_, _>>()?;
        Ok(Self { entries, hashes })
    }

    /// In the order in which they were made.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// Whether there is a key of this kind.
    pub(super) fn have(&self, kind: KeyKind) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }

    /// The one form of the file.
    fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers are always JSON.
        let json = serde_json::to_vec(&self.entries).unwrap_or_default();
        let digest = blake3::hash(&json).to_hex().to_string();
        let content = Content { format: 1, keys: self.entries.clone(), digest };
        let mut bytes = serde_json::to_vec(&content).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// What this key allows, if it is one of these. Takes as long for every key.
    pub(super) fn allowed_by(&self, secret: &SecretHash) -> Option<KeyKind> {
        let mut found = None;
        for (entry, hash) in self.entries.iter().zip(&self.hashes) {
            // This type compares in constant time.
            if *hash == secret.0 {
                found = Some(entry.kind);
            }
        }
        found
    }
}

/// Makes a key and keeps its hash. Answers what is kept, and the key itself.
///
/// # Errors
/// When the file cannot be read or written, or somebody else is changing it.
pub fn create_key(
    storage: &dyn Storage,
    kind: KeyKind,
    name: &str,
    now: Timestamp,
) -> Result<(KeyEntry, String), KeyError> {
    let secret = format!("tc{}_{}", &kind.name()[..1], random_hex::<SECRET_BYTES>()?);
    let entry = KeyEntry {
        id: random_hex::<ID_BYTES>()?,
        kind,
        name: name.to_owned(),
        created: now.to_string(),
        hash: blake3::hash(secret.as_bytes()).to_hex().to_string(),
    };
    change(storage, |entries| {
        entries.push(entry.clone());
        Ok(())
    })?;
    Ok((entry, secret))
}

/// Takes a key back. Servers that run notice within a second.
///
/// # Errors
/// [`KeyError::Unknown`] when there is none of this id; else as [`create_key`].
pub fn revoke_key(storage: &dyn Storage, id: &str) -> Result<KeyEntry, KeyError> {
    change(storage, |entries| match entries.iter().position(|entry| entry.id == id) {
        Some(place) => Ok(entries.remove(place)),
        None => Err(KeyError::Unknown { id: id.to_owned() }),
    })
}

fn change<T>(
    storage: &dyn Storage,
    change: impl FnOnce(&mut Vec<KeyEntry>) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let lock = storage.lock(KEYS_LOCK)?;
    lock.set_note(std::process::id().to_string().as_bytes())?;
    let mut keys = Keys::read(storage)?;
    let changed = change(&mut keys.entries)?;
    publish_file(storage, KEYS, [keys.to_bytes()], "keys")?;
    storage.sync_dir("name of the keys")?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sim::SimDisk;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-03T10:00:00Z").unwrap()
    }

    #[test]
    fn a_key_is_known_until_it_is_revoked_and_only_its_hash_is_kept() {
        let disk = SimDisk::new();
        assert_eq!(Keys::read(&disk).unwrap(), Keys::default());
        let (write, secret) = create_key(&disk, KeyKind::Write, "shop", now()).unwrap();
        let (_, other) = create_key(&disk, KeyKind::Read, "", now()).unwrap();
        assert!(secret.starts_with("tcw_") && secret.len() == 4 + 2 * SECRET_BYTES, "{secret}");
        let keys = Keys::read(&disk).unwrap();
        let allowed = |keys: &Keys, secret: &str| keys.allowed_by(&SecretHash::of(secret));
        assert_eq!(allowed(&keys, &secret), Some(KeyKind::Write));
        assert_eq!(allowed(&keys, &other), Some(KeyKind::Read));
        assert_eq!(allowed(&keys, &secret[..secret.len() - 1]), None);
        assert_eq!(allowed(&keys, ""), None);
        let bytes = String::from_utf8(disk.read(KEYS).unwrap().to_vec()).unwrap();
        assert!(!bytes.contains(&secret[4..]) && bytes.contains("shop"));
        assert_eq!(revoke_key(&disk, &write.id).unwrap(), write);
        assert!(matches!(revoke_key(&disk, &write.id), Err(KeyError::Unknown { .. })));
        assert_eq!(allowed(&Keys::read(&disk).unwrap(), &secret), None);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let disk = SimDisk::new();
        create_key(&disk, KeyKind::Write, "shop", now()).unwrap();
        let bytes = disk.read(KEYS).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[place] ^= 1;
            disk.remove(KEYS).unwrap();
            publish_file(&disk, KEYS, [damaged], "keys").unwrap();
            assert!(matches!(Keys::read(&disk), Err(KeyError::Damaged { .. })), "byte {place}");
        }
    }

    #[test]
    fn who_changes_them_at_the_same_time_is_refused() {
        let disk = SimDisk::new();
        let _lock = disk.lock(KEYS_LOCK).unwrap();
        assert!(matches!(create_key(&disk, KeyKind::Read, "", now()), Err(KeyError::Lock(_))));
    }
}
