//! What the writer tells readers in other processes, in the lock file: which log it writes to and how far that is
//! durable. One line of text with a checksum; it is not part of the store's durable content.

/// How far a live writer's log is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub log: u64,
    /// Bytes of the log that are durable.
    pub synced: u64,
}

impl Note {
    /// The note as text; its first line is the process id.
    pub fn encode(self) -> String {
        let line = format!("log {} synced {}", self.log, self.synced);
        format!("{}\n{line} check {:08x}\n", std::process::id(), crc32fast::hash(line.as_bytes()))
    }

    /// Reads a note; `None` for one that was caught half written, or none at all.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (line, check) = text.lines().nth(1)?.rsplit_once(" check ")?;
        if u32::from_str_radix(check, 16).ok()? != crc32fast::hash(line.as_bytes()) {
            return None;
        }
        let mut words = line.split(' ');
        let (log, synced) = (words.nth(1)?.parse().ok()?, words.nth(1)?.parse().ok()?);
        Some(Self { log, synced })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_back_and_torn_ones_are_none() {
        let note = Note { log: 7, synced: 123_456 };
        let text = note.encode();
        assert_eq!(Note::decode(text.as_bytes()), Some(note));
        assert_eq!(Note::decode(text.replace("123456", "123999").as_bytes()), None);
        assert_eq!(Note::decode(b"12"), None);
    }
}
