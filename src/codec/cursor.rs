//! A checked reader over bytes, and the writer that is its inverse.

use super::DecodeError;

/// Seven bits a byte: the last of ten has one.
const VARINT_BYTES_MAX: usize = 10;

/// Reads from the front of a slice; every read checks what is left.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// The end of the bytes that is left.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes from the first.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, rest: bytes }
    }

    /// How many bytes were read.
    #[inline]
    pub fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// The bytes that were read since the position was `start`.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.position()).unwrap_or_default()
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What is left.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Damage at the current position.
    pub fn error(&self, problem: impl Into<String>) -> DecodeError {
        DecodeError::new(problem, self.position() as u64)
    }

    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else { return Err(self.too_few(count)) };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((array, rest)) = self.rest.split_first_chunk() else { return Err(self.too_few(N)) };
        self.rest = rest;
        Ok(*array)
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        let Some((byte, rest)) = self.rest.split_first() else { return Err(self.too_few(1)) };
        self.rest = rest;
        Ok(*byte)
    }

    #[cold]
    fn too_few(&self, count: usize) -> DecodeError {
        self.error(format!("{count} bytes are needed and {} are left", self.remaining()))
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// Eight bytes, a double.
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// Seven bits a byte, lowest first, the high bit set on all but the last; at most ten bytes.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        // Nearly all of them are of one byte, and others of so few that they are read at once: how many it is in each case
        // nothing foretells.
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            [first, second, third, fourth, ..] => {
                let bytes = u32::from_le_bytes([*first, *second, *third, *fourth]);
                let last = !bytes & 0x8080_8080;
                if last == 0 {
                    return self.long_varint();
                }
                // All bits up to the high one of the last byte.
                let own = bytes & (last ^ (last - 1));
                self.rest = &self.rest[last.trailing_zeros() as usize / 8 + 1..];
                let sevens = own & 0x7f | (own & 0x7f00) >> 1 | (own & 0x7f_0000) >> 2 | (own & 0x7f00_0000) >> 3;
                Ok(u64::from(sevens))
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for (place, byte) in self.rest.iter().take(VARINT_BYTES_MAX).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if place + 1 == VARINT_BYTES_MAX && bits > 1 {
                break;
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[place + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < VARINT_BYTES_MAX {
            self.rest = &[];
            return Err(self.too_few(1));
        }
        Err(self.error("a variable-length integer is longer than 64 bits"))
    }

    /// A varint that must fit 32 bits.
    #[inline]
    pub fn varint_u32(&mut self) -> Result<u32, DecodeError> {
        let start = self.position();
        u32::try_from(self.varint()?).map_err(|_| DecodeError::new("an id is larger than 32 bits", start as u64))
    }

    /// A varint that is a length or count of things of at least one byte each, so at most what is left.
    #[inline]
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let start = self.position();
        let length = self.varint()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.remaining())
            .ok_or_else(|| DecodeError::new(format!("a length of {length} is more than what is left"), start as u64))
    }

    /// A signed varint, zigzag.
    #[inline]
    pub fn zigzag(&mut self) -> Result<i64, DecodeError> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A length and as many bytes of UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        match self.length()? {
            0 => Ok(""),
            length => self.text_of(length),
        }
    }

    fn text_of(&mut self, length: usize) -> Result<&'a str, DecodeError> {
        let start = self.position();
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::new("text is not UTF-8", start as u64))
    }

    /// Fails unless everything was read.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.remaining() == 0 { Ok(()) } else { Err(self.error("there are bytes after the end")) }
    }
}

/// Appends what [`Reader`] reads.
pub trait Writer {
    /// One byte.
    fn put_u8(&mut self, value: u8);
    /// Bytes as they are.
    fn put(&mut self, bytes: &[u8]);
    /// See [`Reader::varint`].
    fn put_varint(&mut self, value: u64);

    /// Two bytes.
    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }
    /// Four bytes.
    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }
    /// Eight bytes.
    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }
    /// Eight bytes, signed.
    fn put_i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }
    /// Eight bytes, a double.
    fn put_f64(&mut self, value: f64) {
        self.put(&value.to_le_bytes());
    }
    /// See [`Reader::zigzag`].
    fn put_zigzag(&mut self, value: i64) {
        self.put_varint(((value << 1) ^ (value >> 63)) as u64);
    }
    /// See [`Reader::text`].
    #[inline]
    fn put_text(&mut self, text: &str) {
        self.put_varint(text.len() as u64);
        self.put(text.as_bytes());
    }
}

impl Writer for Vec<u8> {
    #[inline]
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }
    /// Those of at most four bytes are made as one number, whose upper bytes are cut off: no loop, and room taken once.
    #[inline]
    fn put_varint(&mut self, value: u64) {
        if value < 0x80 {
            return self.push(value as u8);
        }
        if value >= 1 << 28 {
            return put_long_varint(value, self);
        }
        let bits = value as u32;
        let sevens = bits & 0x7f | (bits & 0x3f80) << 1 | (bits & 0x1f_c000) << 2 | (bits & 0xfe0_0000) << 3;
        let length = (u32::BITS - bits.leading_zeros()).div_ceil(7);
        let followed = 0x80_8080 & ((1 << (8 * (length - 1))) - 1);
        let end = self.len() + length as usize;
        self.extend_from_slice(&(sevens | followed).to_le_bytes());
        self.truncate(end);
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

#[inline(never)]
fn put_long_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_read_back(value: u64, signed: i64) {
            let mut bytes = Vec::new();
            bytes.put_varint(value);
            bytes.put_zigzag(signed);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert_eq!(reader.zigzag(), Ok(signed));
            prop_assert_eq!(reader.finish(), Ok(()));
        }
    }

    #[test]
    fn varints_of_every_length_have_no_byte_too_many() {
        let values = (0..u64::BITS).flat_map(|bits| [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1]);
        for value in values.chain([u64::MAX]) {
            let mut bytes = Vec::new();
            bytes.put_varint(value);
            assert_eq!(bytes.len(), (u64::BITS - value.leading_zeros()).max(1).div_ceil(7) as usize, "{value}");
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.varint(), reader.remaining()), (Ok(value), 0));
        }
    }

    #[test]
    fn short_and_endless_input_is_an_error_with_its_place() {
        assert_eq!(Reader::new(&[1, 2]).u32(), Err(DecodeError::new("4 bytes are needed and 2 are left", 0)));
        assert!(Reader::new(&[0xff; 11]).varint().is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint().is_err());
        assert!(Reader::new(&[200, 1, 0]).length().is_err(), "a length beyond the end reserves nothing");
    }
}
