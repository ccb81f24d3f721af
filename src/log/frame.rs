//! Frames in a log file: writing them, and finding where a file that was not closed ends.

use crate::codec::file_header::HEADER_BYTES;
use crate::codec::{DecodeError, FileHeader, FileId, FileKind, Reader, Writer};
use bytes::Bytes;

/// Magic, flags, payload length, sequence, synced offset, header checksum.
pub const FRAME_HEADER_BYTES: usize = 32;
/// The checksum after the payload.
pub const FRAME_TRAILER_BYTES: usize = 4;
const MAGIC: u32 = u32::from_le_bytes(*b"fram");
/// More frames of the same batch follow.
const FLAG_CONTINUED: u32 = 1;
/// Longest payload of one frame; a larger batch is cut into several.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;

/// Appends a batch as frames. `sequence` is the number of the first, `synced` the offset below which the file is
/// known to be synced. Returns the sequence after the last.
pub fn encode_frames(payload: &[u8], id: FileId, mut sequence: u64, synced: u64, out: &mut Vec<u8>) -> u64 {
    let mut pieces = payload.chunks(PAYLOAD_BYTES_MAX).peekable();
    while let Some(piece) = pieces.next() {
        let start = out.len();
        out.put_u32(MAGIC);
        out.put_u32(if pieces.peek().is_some() { FLAG_CONTINUED } else { 0 });
        out.put_u32(piece.len() as u32);
        out.put_u64(sequence);
        out.put_u64(synced);
        let header_checksum = id.checksum(&out[start..]);
        out.put_u32(header_checksum);
        out.put(piece);
        let checksum = id.checksum(&out[start..]);
        out.put_u32(checksum);
        sequence += 1;
    }
    sequence
}

/// How many bytes a payload takes as frames.
pub fn framed_bytes(payload_bytes: usize) -> u64 {
    let frames = payload_bytes.div_ceil(PAYLOAD_BYTES_MAX);
    (payload_bytes + frames * (FRAME_HEADER_BYTES + FRAME_TRAILER_BYTES)) as u64
}

/// A frame's header, checked.
struct FrameHeader {
    continued: bool,
    payload_bytes: usize,
    sequence: u64,
    synced: u64,
}

impl FrameHeader {
    fn decode(bytes: &[u8], id: FileId) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let covered = reader.clone().take(FRAME_HEADER_BYTES - 4)?;
        if reader.u32()? != MAGIC {
            return Err(DecodeError::new("no frame begins here", 0));
        }
        let (flags, payload_bytes) = (reader.u32()?, reader.u32()? as usize);
        let (sequence, synced) = (reader.u64()?, reader.u64()?);
        if reader.u32()? != id.checksum(covered) {
            return Err(DecodeError::new("the frame's header is damaged", 0));
        }
        if flags & !FLAG_CONTINUED != 0 || payload_bytes > PAYLOAD_BYTES_MAX {
            return Err(DecodeError::new("the frame's header is not as the format allows", 0));
        }
        Ok(Self { continued: flags & FLAG_CONTINUED != 0, payload_bytes, sequence, synced })
    }
}

/// One valid frame.
struct Frame {
    header: FrameHeader,
    payload: Bytes,
    end: usize,
}

/// The whole frames at the front of a log file.
pub struct Frames {
    bytes: Bytes,
    id: FileId,
    position: usize,
    sequence: u64,
    /// The largest synced offset of the frames so far.
    synced: u64,
}

impl Frames {
    /// The frames of a file, whose first has the sequence 0.
    ///
    /// # Errors
    /// When the file header is damaged.
    pub fn open(bytes: Bytes) -> Result<Self, DecodeError> {
        Self::open_kind(bytes, FileKind::Log)
    }

    /// The same of a file of another kind.
    ///
    /// # Errors
    /// When the file header is damaged.
    pub fn open_kind(bytes: Bytes, kind: FileKind) -> Result<Self, DecodeError> {
        let header = FileHeader::decode(&bytes, kind)?;
        Ok(Self { bytes, id: header.id, position: HEADER_BYTES, sequence: 0, synced: 0 })
    }

    /// The file's identity.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The frame at `position` if it is whole and has the sequence that belongs there.
    fn frame_at(&self, position: usize, sequence: u64) -> Result<Frame, DecodeError> {
        let rest = self.bytes.get(position..).unwrap_or_default();
        let header = FrameHeader::decode(rest, self.id)?;
        if header.sequence != sequence {
            return Err(DecodeError::new(format!("frame {} stands where {sequence} belongs", header.sequence), 0));
        }
        let covered = FRAME_HEADER_BYTES + header.payload_bytes;
        let mut reader = Reader::new(rest);
        let body = reader.take(covered)?;
        if reader.u32()? != self.id.checksum(body) {
            return Err(DecodeError::new(format!("frame {sequence} does not match its checksum"), 0));
        }
        let payload = self.bytes.slice(position + FRAME_HEADER_BYTES..position + covered);
        Ok(Frame { header, payload, end: position + covered + FRAME_TRAILER_BYTES })
    }

    /// The next whole batch: its payload and the offset after it. `None` at the end of the bytes.
    ///
    /// # Errors
    /// When something other than a whole batch follows; the position stays before it.
    pub fn next_batch(&mut self) -> Result<Option<(Bytes, u64)>, DecodeError> {
        if self.position == self.bytes.len() {
            return Ok(None);
        }
        let (mut position, mut sequence) = (self.position, self.sequence);
        let mut pieces: Vec<Bytes> = Vec::new();
        loop {
            let frame = self.frame_at(position, sequence).map_err(|error| error.shifted(position as u64))?;
            position = frame.end;
            sequence += 1;
            self.synced = self.synced.max(frame.header.synced);
            pieces.push(frame.payload);
            if !frame.header.continued {
                break;
            }
        }
        self.position = position;
        self.sequence = sequence;
        let payload = if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat().into() };
        Ok(Some((payload, position as u64)))
    }

    /// Whether what follows, which is not a whole batch, may be a torn tail of a file that was not closed: no header
    /// before or in it says that more was synced.
    pub fn may_be_torn(&self) -> bool {
        self.synced.max(self.synced_beyond()) <= self.position as u64
    }

    /// Moves past what is not a whole batch to the next frame that is whole. Answers whether there is one. For files
    /// in which every batch is one frame, and means something without those before it.
    pub fn skip_damage(&mut self) -> bool {
        let magic = MAGIC.to_le_bytes();
        let mut at = self.position + 1;
        while let Some(found) = find(&self.bytes, &magic, at) {
            let sequence = FrameHeader::decode(&self.bytes[found..], self.id).map(|header| header.sequence);
            if let Ok(sequence) = sequence
                && sequence >= self.sequence
                && self.frame_at(found, sequence).is_ok()
            {
                self.position = found;
                self.sequence = sequence;
                return true;
            }
            at = found + 1;
        }
        false
    }

    /// The largest synced offset that any intact frame header at or after the position carries. It may be past
    /// what is readable: then what lies before it is damaged.
    fn synced_beyond(&self) -> u64 {
        let magic = MAGIC.to_le_bytes();
        let mut synced = 0;
        let mut at = self.position;
        while let Some(found) = find(&self.bytes, &magic, at) {
            if let Ok(header) = FrameHeader::decode(&self.bytes[found..], self.id) {
                synced = synced.max(header.synced);
            }
            at = found + 1;
        }
        synced
    }
}

fn find(bytes: &[u8], needle: &[u8; 4], from: usize) -> Option<usize> {
    bytes.get(from..)?.windows(4).position(|window| window == needle).map(|at| at + from)
}

/// How far a log file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// It was closed, or its writer lives: it is whole up to this offset, and anything amiss below is damage.
    Known(u64),
    /// It was not closed: a torn tail above what is known to be synced is cut.
    Unclean {
        /// So many bytes were synced for sure; frames may say more.
        synced: u64,
    },
}

/// What was found in a log file.
#[derive(Debug)]
pub struct Scan {
    /// The file's identity.
    pub id: FileId,
    /// The payloads of the whole batches, each with the offset after it.
    pub batches: Vec<(Bytes, u64)>,
    /// The offset after the last of them.
    pub end: u64,
    /// The sequence after the last frame.
    pub sequence: u64,
    /// Bytes of a torn tail that were cut; 0 when the file ends with a whole batch.
    pub torn_bytes: u64,
}

/// Reads all whole batches.
///
/// # Errors
/// When bytes that were known to be synced are damaged.
pub fn scan(bytes: Bytes, end: LogEnd) -> Result<Scan, DecodeError> {
    let (found, damage) = scan_until_damage(bytes, end)?;
    damage.map_or(Ok(found), Err)
}

/// Reads the whole batches before the first damage, and says what that is.
///
/// # Errors
/// When the file header is damaged.
pub fn scan_until_damage(bytes: Bytes, end: LogEnd) -> Result<(Scan, Option<DecodeError>), DecodeError> {
    let mut damage = None;
    let bytes = match end {
        LogEnd::Known(length) | LogEnd::Unclean { synced: length } if length > bytes.len() as u64 => {
            let problem = format!("the log has {} bytes where {length} were synced", bytes.len());
            damage = Some(DecodeError::new(problem, bytes.len() as u64));
            bytes
        }
        LogEnd::Known(length) => bytes.slice(..length as usize),
        LogEnd::Unclean { .. } => bytes,
    };
    let total = bytes.len() as u64;
    let mut frames = match Frames::open(bytes) {
        Ok(frames) => frames,
        // What is missing says more than that a header is cut short.
        Err(error) => return Err(damage.unwrap_or(error)),
    };
    let mut batches = Vec::new();
    let torn_bytes = loop {
        match frames.next_batch() {
            Ok(Some(batch)) => batches.push(batch),
            Ok(None) => break 0,
            Err(error) => {
                let whole_to = match end {
                    LogEnd::Known(_) => total,
                    LogEnd::Unclean { synced } => synced.max(frames.synced_beyond()),
                };
                if damage.is_none() && whole_to > frames.position as u64 {
                    damage = Some(error);
                }
                break total - frames.position as u64;
            }
        }
    };
    let found = Scan { id: frames.id, batches, end: frames.position as u64, sequence: frames.sequence, torn_bytes };
    Ok((found, damage))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: FileId = FileId([9; 16]);

    /// A file with one frame a payload, each written when all before it was synced.
    fn file(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = FileHeader { kind: FileKind::Log, id: ID }.encode();
        let mut sequence = 0;
        for payload in payloads {
            let synced = bytes.len() as u64;
            sequence = encode_frames(payload, ID, sequence, synced, &mut bytes);
        }
        bytes
    }

    #[test]
    fn whole_batches_are_read_and_a_torn_last_one_is_cut() {
        let whole = file(&[b"one", b"two"]);
        let last = file(&[b"one"]).len();
        for length in last..=whole.len() {
            let found = scan(Bytes::copy_from_slice(&whole[..length]), LogEnd::Unclean { synced: 0 }).unwrap();
            let expected = if length == whole.len() { 2 } else { 1 };
            assert_eq!(found.batches.len(), expected, "{length}");
            assert_eq!(found.torn_bytes, if expected == 2 { 0 } else { (length - last) as u64 });
        }
    }

    #[test]
    fn damage_below_what_was_synced_is_never_cut() {
        let whole = file(&[b"one", b"two", b"three"]);
        let last = file(&[b"one", b"two"]).len();
        for at in 0..last {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            assert!(scan(damaged.into(), LogEnd::Unclean { synced: 0 }).is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_was_synced_before_a_log_was_opened_again_is_never_cut() {
        let whole = file(&[b"one", b"two"]);
        let (old, synced) = (file(&[b"one"]).len(), whole.len() as u64);
        for at in old..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            assert_eq!(scan(damaged.clone().into(), LogEnd::Unclean { synced: old as u64 }).unwrap().end, old as u64);
            assert!(scan(damaged.into(), LogEnd::Unclean { synced }).is_err(), "byte {at}");
            assert!(scan(Bytes::copy_from_slice(&whole[..at]), LogEnd::Unclean { synced }).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn any_damage_in_a_closed_log_is_found() {
        let whole = file(&[b"one", b"two"]);
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            assert!(scan(damaged.into(), LogEnd::Known(whole.len() as u64)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_is_intact_after_damage_is_found() {
        let whole = file(&[b"one", b"two", b"three"]);
        let (first, second) = (file(&[b"one"]).len(), file(&[b"one", b"two"]).len());
        for at in first..second {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            let mut frames = Frames::open(damaged.into()).unwrap();
            assert_eq!(frames.next_batch().unwrap().unwrap().0, &b"one"[..]);
            assert_eq!(frames.next_batch().unwrap_err().offset, first as u64, "byte {at}");
            assert!(!frames.may_be_torn() && frames.skip_damage());
            assert_eq!(frames.next_batch().unwrap().unwrap().0, &b"three"[..]);
            assert_eq!(frames.next_batch(), Ok(None));
        }
        let mut frames = Frames::open(Bytes::copy_from_slice(&whole[..second + 5])).unwrap();
        while frames.next_batch().is_ok() {}
        assert!(frames.may_be_torn() && !frames.skip_damage());
    }

    #[test]
    fn a_batch_of_several_frames_is_all_there_or_not() {
        let payload: Vec<u8> = (0..PAYLOAD_BYTES_MAX + 10).map(|i| i as u8).collect();
        let bytes = file(&[b"one", &payload]);
        assert_eq!(bytes.len() as u64, HEADER_BYTES as u64 + framed_bytes(3) + framed_bytes(payload.len()));
        let found = scan(bytes.clone().into(), LogEnd::Unclean { synced: 0 }).unwrap();
        assert_eq!((found.batches.len(), found.batches[1].0.len(), found.sequence), (2, payload.len(), 3));
        let cut = scan(
            Bytes::from(bytes).slice(..file(&[b"one"]).len() + PAYLOAD_BYTES_MAX + 60),
            LogEnd::Unclean { synced: 0 },
        )
        .unwrap();
        assert_eq!(cut.batches.len(), 1);
    }
}
