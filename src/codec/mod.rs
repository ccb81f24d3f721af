//! Bytes and back: the only place where numbers become bytes.
//!
//! Invariants:
//! - Everything is little-endian. No layout depends on the machine.
//! - Decoding checks every length against the bytes present before it reserves memory, and answers damage with a
//!   [`DecodeError`] that names the place; it never panics.
//! - The layouts are described in `format-spec/`; code here points there and does not repeat it.

pub mod bits;
pub mod byte_map;
pub mod checksum;
pub mod container;
pub mod cursor;
pub mod error;
pub mod file_header;
pub mod id_set;
pub mod packed;
pub mod reading;
pub mod record;
pub mod search;
pub mod text;
pub mod value;

pub use byte_map::ByteMap;
pub use checksum::FileId;
pub use container::{BlobIndex, BlobParts, Container, ContainerWriter};
pub use cursor::{Reader, Writer};
pub use error::{Damage, DecodeError, WriteError};
pub use file_header::{FileHeader, FileKind};
pub use id_set::set_of;
pub use packed::{Packed, PackedEncoder};
pub use text::{TextCursor, Texts, TextsEncoder};
