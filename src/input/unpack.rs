//! Undoes gzip or zstd, told by the first bytes. What ends early or is damaged is an error, never a silent end.

use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Read};
use thiserror::Error;
use zstd::stream::read::Decoder as ZstdDecoder;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

/// The largest window that zstd data may ask for: memory that is held while unpacking.
pub const WINDOW_BYTES_MAX: usize = 1 << WINDOW_LOG_MAX;
const WINDOW_LOG_MAX: u32 = 27;

/// How data is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, of one or many members.
    Gzip,
    /// Zstandard, of one or many frames.
    Zstd,
}

impl Packing {
    /// Tells the packing by the first bytes of the data; four decide.
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable frame, which some packers put first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// The name, in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Why packed data cannot be unpacked any further. Travels inside an [`io::Error`]; see [`UnpackError::of`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnpackError {
    /// The data stops in the middle.
    #[error("the {} data ends early, after {unpacked_bytes} unpacked bytes; fetch or pack it again", .packing.name())]
    EndsEarly {
        /// How it is packed.
        packing: Packing,
        /// What could be unpacked.
        unpacked_bytes: u64,
    },
    /// The data is not what was packed.
    #[error(
        "the {} data is damaged after {unpacked_bytes} unpacked bytes ({reason}); fetch or pack it again",
        .packing.name()
    )]
    Damaged {
        /// How it is packed.
        packing: Packing,
        /// What could be unpacked.
        unpacked_bytes: u64,
        /// What the unpacker says.
        reason: String,
    },
    /// zstd data that would take too much memory.
    #[error(
        "the zstd data needs a window of more than {} MiB; pack it again with --long={window_log_max} or less",
        1_u64 << window_log_max >> 20
    )]
    WindowTooLarge {
        /// The largest that is allowed is 2 to this power, in bytes.
        window_log_max: u32,
    },
}

impl UnpackError {
    /// The unpacking error inside an error of reading, if it is one.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    fn to_io(&self) -> io::Error {
        let kind = match self {
            Self::EndsEarly { .. } => io::ErrorKind::UnexpectedEof,
            Self::Damaged { .. } | Self::WindowTooLarge { .. } => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self.clone())
    }
}

/// Reads plain bytes from plain, gzip or zstd data.
///
/// Errors of the source come through unchanged. Packed data cannot be read on after any error: every later read fails
/// for the same reason, so that nobody takes an end for the end.
pub struct Unpacked<R: Read> {
    decoder: Decoder<R>,
    window_log_max: u32,
    unpacked_bytes: u64,
    failure: Option<Failure>,
}

/// Why packed data is read no further.
enum Failure {
    Data(UnpackError),
    Source(io::ErrorKind, String),
}

impl Failure {
    fn to_io(&self) -> io::Error {
        match self {
            Self::Data(error) => error.to_io(),
            Self::Source(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

enum Decoder<R: Read> {
    Plain(Source<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Source<R>>>>),
    Zstd(ZstdDecoder<'static, BufReader<Source<R>>>),
}

/// Bytes read from the source at once.
const SOURCE_BUFFER_BYTES: usize = 128 * 1024;

impl<R: Read> Unpacked<R> {
    /// Reads the first bytes of the source and tells by them how it is packed.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn new(source: R) -> io::Result<Self> {
        Self::with_window(source, WINDOW_LOG_MAX)
    }

    /// The same, for data whose window has at most 2 to this power of bytes.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_window(mut source: R, window_log_max: u32) -> io::Result<Self> {
        let mut first = Vec::with_capacity(4);
        source.by_ref().take(4).read_to_end(&mut first)?;
        let packing = Packing::of(&first);
        let source = Source { first: io::Cursor::new(first), rest: source, packed_bytes: 0, failed: false };
        let buffered = |source| BufReader::with_capacity(SOURCE_BUFFER_BYTES, source);
        let decoder = match packing {
            Packing::Plain => Decoder::Plain(source),
            Packing::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(buffered(source)))),
            Packing::Zstd => {
                let mut decoder = ZstdDecoder::with_buffer(buffered(source))?;
                decoder.window_log_max(window_log_max)?;
                Decoder::Zstd(decoder)
            }
        };
        Ok(Self { decoder, window_log_max, unpacked_bytes: 0, failure: None })
    }

    /// How the source is packed.
    pub fn packing(&self) -> Packing {
        match self.decoder {
            Decoder::Plain(_) => Packing::Plain,
            Decoder::Gzip(_) => Packing::Gzip,
            Decoder::Zstd(_) => Packing::Zstd,
        }
    }

    /// Bytes taken from the source so far; some of them may wait in a buffer.
    pub fn packed_bytes(&self) -> u64 {
        self.source().packed_bytes
    }

    fn source(&self) -> &Source<R> {
        match &self.decoder {
            Decoder::Plain(source) => source,
            Decoder::Gzip(decoder) => decoder.get_ref().get_ref(),
            Decoder::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }

    /// What an error of the decoder says about the data.
    fn judge(&self, error: &io::Error) -> UnpackError {
        let (packing, unpacked_bytes) = (self.packing(), self.unpacked_bytes);
        let zstd_error = error.get_ref().and_then(|inner| inner.downcast_ref::<zstd::Error>());
        if error.kind() == io::ErrorKind::UnexpectedEof {
            UnpackError::EndsEarly { packing, unpacked_bytes }
        } else if zstd_error.is_some_and(|e| e.is(ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge)) {
            UnpackError::WindowTooLarge { window_log_max: self.window_log_max }
        } else {
            UnpackError::Damaged { packing, unpacked_bytes, reason: error.to_string() }
        }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(failure.to_io());
        }
        let result = match &mut self.decoder {
            Decoder::Plain(source) => source.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        };
        match result {
            Ok(count) => {
                self.unpacked_bytes += count as u64;
                Ok(count)
            }
            Err(error) if self.packing() == Packing::Plain => Err(error),
            Err(error) if self.source().failed => {
                self.failure = Some(Failure::Source(error.kind(), error.to_string()));
                Err(error)
            }
            Err(error) => {
                let failure = self.judge(&error);
                let error = failure.to_io();
                self.failure = Some(Failure::Data(failure));
                Err(error)
            }
        }
    }
}

/// The packed data: the bytes that told the packing, then the rest. Remembers whether its last read failed, so that
/// errors of reading and errors of unpacking can be told apart.
struct Source<R> {
    first: io::Cursor<Vec<u8>>,
    rest: R,
    packed_bytes: u64,
    failed: bool,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut result = self.first.read(buffer);
        while matches!(result, Ok(0)) {
            result = self.rest.read(buffer);
            match &result {
                // Decoders need not know of interruptions.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => result = Ok(0),
                _ => break,
            }
        }
        self.failed = result.is_err();
        self.packed_bytes += *result.as_ref().unwrap_or(&0) as u64;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::Write;

    /// Text that neither packer makes trivially short.
    fn sample() -> Vec<u8> {
        (0..400u32)
            .flat_map(|i| format!("line {} of {}\n", i.wrapping_mul(2_654_435_761), i % 7).into_bytes())
            .collect()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder =
            GzBuilder::new().filename("a.ndjson").comment("c").extra("xx").write(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(plain: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out until the end or an error.
    fn unpack(packed: &[u8]) -> (Vec<u8>, Result<(), io::Error>) {
        let mut plain = Vec::new();
        let result = Unpacked::new(packed).and_then(|mut unpacked| unpacked.read_to_end(&mut plain));
        (plain, result.map(|_| ()))
    }

    #[track_caller]
    fn check(packed: &[u8], packing: Packing, plain: &[u8]) {
        assert_eq!(Unpacked::new(packed).unwrap().packing(), packing);
        let (out, result) = unpack(packed);
        result.unwrap();
        assert!(out == plain, "{} bytes instead of {}", out.len(), plain.len());
    }

    #[test]
    fn the_packing_is_told_by_the_first_bytes() {
        let plain = sample();
        check(b"", Packing::Plain, b"");
        for short in [&b"{"[..], b"\x1f", b"\x28\xb5\x2f", b"{}\n"] {
            check(short, Packing::Plain, short);
        }
        check(&plain, Packing::Plain, &plain);
        check(&gzip(&plain), Packing::Gzip, &plain);
        check(&gzip(b""), Packing::Gzip, b"");
        check(&zstd(&plain), Packing::Zstd, &plain);
        check(&zstd(b""), Packing::Zstd, b"");
    }

    #[test]
    fn members_and_frames_follow_each_other() {
        let (plain, twice) = (sample(), [sample(), sample()].concat());
        check(&[gzip(&plain), gzip(b""), gzip(&plain)].concat(), Packing::Gzip, &twice);
        let skippable = b"\x5a\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let frames = [skippable.clone(), zstd(&plain), skippable, zstd(b""), zstd(&plain)].concat();
        check(&frames, Packing::Zstd, &twice);
    }

    /// Cuts packed data at every byte but the ends of its parts: the error says so, and what came out is a beginning.
    #[track_caller]
    fn check_cuts(parts: [Vec<u8>; 2], plain: &[u8], name: &str) {
        let packed = parts.concat();
        for length in 4..packed.len() {
            let (out, result) = unpack(&packed[..length]);
            assert!(plain.starts_with(&out), "cut at {length}");
            if length == parts[0].len() {
                assert!(result.is_ok());
                continue;
            }
            let error = result.unwrap_err();
            let sentence =
                format!("the {name} data ends early, after {} unpacked bytes; fetch or pack it again", out.len());
            assert_eq!(error.to_string(), sentence, "cut at {length}");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn data_that_ends_early_is_an_error() {
        let twice = [sample(), sample()].concat();
        check_cuts([gzip(&sample()), gzip(&sample())], &twice, "gzip");
        check_cuts([zstd(&sample()), zstd(&sample())], &twice, "zstd");
        let (out, result) = unpack(&gzip(b"x")[..2]);
        assert!(out.is_empty());
        assert_eq!(
            result.unwrap_err().to_string(),
            "the gzip data ends early, after 0 unpacked bytes; fetch or pack it again"
        );
    }

    /// Damages every byte after those that tell the packing: nothing else than the plain bytes ever comes out whole.
    #[test]
    fn damaged_data_is_an_error() {
        let plain = sample();
        for packed in [gzip(&plain), zstd(&plain)] {
            for position in 4..packed.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut damaged = packed.clone();
                    damaged[position] ^= flip;
                    let (out, result) = unpack(&damaged);
                    match result {
                        Ok(()) => assert!(out == plain, "byte {position} changed what comes out"),
                        Err(error) => assert!(UnpackError::of(&error).is_some(), "{error}"),
                    }
                }
            }
        }
    }

    #[test]
    fn damage_is_told_in_a_sentence() {
        let mut checksum = gzip(b"abc");
        let position = checksum.len() - 5;
        checksum[position] ^= 1;
        let (out, result) = unpack(&checksum);
        assert_eq!(out, b"abc");
        assert_eq!(
            result.unwrap_err().to_string(),
            "the gzip data is damaged after 3 unpacked bytes \
             (corrupt gzip stream does not have a matching checksum); fetch or pack it again"
        );
        let (_, result) = unpack(&[zstd(b"abc"), b"more of it".to_vec()].concat());
        assert_eq!(
            result.unwrap_err().to_string(),
            "the zstd data is damaged after 3 unpacked bytes (Unknown frame descriptor); fetch or pack it again"
        );
    }

    /// A frame of one stored byte whose header asks for this window: see RFC 8878, 3.1.1.1.2.
    fn frame_with_window(descriptor: u8) -> Vec<u8> {
        [&b"\x28\xb5\x2f\xfd\x00"[..], &[descriptor], b"\x09\0\0x"].concat()
    }

    #[test]
    fn windows_end_at_128_mib() {
        assert_eq!(WINDOW_BYTES_MAX, 128 << 20);
        let exponent = |log: u8| (log - 10) << 3;
        check(&frame_with_window(exponent(27)), Packing::Zstd, b"x");
        for descriptor in [exponent(27) + 1, exponent(28), 0xff] {
            let (_, result) = unpack(&frame_with_window(descriptor));
            let sentence = "the zstd data needs a window of more than 128 MiB; pack it again with --long=27 or less";
            assert_eq!(result.unwrap_err().to_string(), sentence);
        }
    }

    /// Gives its bytes, then one error, then nothing.
    struct Breaking<'a>(&'a [u8], Option<io::ErrorKind>);

    impl Read for Breaking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match (self.0.is_empty(), self.1) {
                (true, Some(kind)) => {
                    self.1 = None;
                    Err(io::Error::new(kind, "the disk fails"))
                }
                // One byte at a time: what is split anywhere is read alike.
                _ => (&mut self.0).take(1).read(buffer),
            }
        }
    }

    /// An error of the source is not taken for damage, and no end is made of it.
    #[test]
    fn errors_of_the_source_come_through() {
        for packed in [gzip(&sample()), zstd(&sample())] {
            for length in [4, 5, 12, packed.len() / 2, packed.len() - 1] {
                for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::Other] {
                    let mut unpacked = Unpacked::new(Breaking(&packed[..length], Some(kind))).unwrap();
                    for _ in 0..3 {
                        let error = unpacked.read_to_end(&mut Vec::new()).unwrap_err();
                        assert_eq!((error.kind(), error.to_string().as_str()), (kind, "the disk fails"));
                        assert_eq!(UnpackError::of(&error), None);
                    }
                }
            }
            let interrupted = Breaking(&packed, Some(io::ErrorKind::Interrupted));
            let mut out = Vec::new();
            Unpacked::new(interrupted).unwrap().read_to_end(&mut out).unwrap();
            assert!(out == sample());
        }
    }

    #[test]
    fn an_unpacking_error_comes_again() {
        let packed = gzip(&sample());
        let mut unpacked = Unpacked::new(&packed[..packed.len() - 1]).unwrap();
        let first = unpacked.read_to_end(&mut Vec::new()).unwrap_err();
        let second = unpacked.read(&mut [0; 8]).unwrap_err();
        assert_eq!(first.to_string(), second.to_string());
        assert_eq!(unpacked.packed_bytes(), packed.len() as u64 - 1);
    }
}
