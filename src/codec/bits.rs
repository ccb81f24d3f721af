//! Bit packing: value `i` of `width` bits lies at bits `i * width ..`, lowest bit first.

/// Zero bytes after packed bits, so that a value can be loaded as eight bytes at once.
pub const PADDING_BYTES: usize = 8;

/// How many bits the value needs.
pub fn width_of(value: u64) -> u8 {
    (64 - value.leading_zeros()) as u8
}

/// Bytes taken by `count` values of `width` bits, without the padding.
pub fn packed_bytes(count: usize, width: u8) -> usize {
    (count * usize::from(width)).div_ceil(8)
}

/// Appends the values, each of which exceeds `base` by what fits `width` bits; no padding.
pub fn pack(values: &[i64], base: i64, width: u8, out: &mut Vec<u8>) {
    out.reserve(packed_bytes(values.len(), width));
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => {}
                $($width => pack_eights::<$width>(values, base, out),)*
                _ => pack_each(values, base, width, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38
        39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56);
}

/// Eight values of `WIDTH` bits are `WIDTH` bytes, put together with shifts that are known when this is compiled.
fn pack_eights<const WIDTH: usize>(values: &[i64], base: i64, out: &mut Vec<u8>) {
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        let mut words = [0u64; 8];
        for (place, value) in eight.iter().enumerate() {
            let (value, word, shift) = (value.wrapping_sub(base) as u64, place * WIDTH / 64, place * WIDTH % 64);
            words[word] |= value << shift;
            if shift + WIDTH > 64 {
                words[word + 1] |= value >> (64 - shift);
            }
        }
        out.extend_from_slice(&words.map(u64::to_le_bytes).as_flattened()[..WIDTH]);
    }
    pack_each(rest, base, WIDTH as u8, out);
}

fn pack_each(values: &[i64], base: i64, width: u8, out: &mut Vec<u8>) {
    let mut pending = 0;
    let mut pending_bits = 0;
    for value in values {
        let value = value.wrapping_sub(base) as u64;
        pending |= value << pending_bits;
        pending_bits += u32::from(width);
        if pending_bits >= u64::BITS {
            out.extend_from_slice(&pending.to_le_bytes());
            pending_bits -= u64::BITS;
            // What of the value is left over.
            pending = if pending_bits == 0 { 0 } else { value >> (u32::from(width) - pending_bits) };
        }
    }
    out.extend_from_slice(&pending.to_le_bytes()[..pending_bits.div_ceil(8) as usize]);
}

/// Value `index` of values packed at the start of `bytes`, which go on for [`PADDING_BYTES`] after them.
#[inline]
pub fn unpack_one(bytes: &[u8], index: usize, width: u8) -> u64 {
    if width == 0 {
        return 0;
    }
    let bit = index * usize::from(width);
    let (at, shift) = (bit / 8, bit % 8);
    let low = load(bytes, at) >> shift;
    if usize::from(width) + shift <= 64 {
        return low & mask(width);
    }
    // The value reaches into a ninth byte.
    let high = u64::from(bytes.get(at + 8).copied().unwrap_or(0));
    (low | high << (64 - shift)) & mask(width)
}

/// Values `index` and the one after it, as [`unpack_one`] one by one.
#[inline]
pub fn unpack_two(bytes: &[u8], index: usize, width: u8) -> (u64, u64) {
    let bit = index * usize::from(width);
    if 2 * usize::from(width) + bit % 8 > 64 {
        return (unpack_one(bytes, index, width), unpack_one(bytes, index + 1, width));
    }
    let both = load(bytes, bit / 8) >> (bit % 8);
    // No shift is of all 64 bits, as both values lie in them.
    (both & mask(width), both >> width & mask(width))
}

/// Values 0.. into `out`, as [`unpack_one`] one by one.
pub fn unpack(bytes: &[u8], width: u8, base: i64, out: &mut [i64]) {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => out.fill(base),
                $($width => unpack_eights::<$width>(bytes, base, out),)*
                _ => unpack_each(bytes, width, base, 0, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38
        39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56);
}

/// Eight values of `WIDTH` bits are `WIDTH` bytes, so that each of them has its place and shift when this is compiled:
/// bound by one load, a shift, a mask and a store a value, with no check between them.
fn unpack_eights<const WIDTH: usize>(bytes: &[u8], base: i64, out: &mut [i64]) {
    let mask = mask(WIDTH as u8);
    // The last eight may end less than eight bytes before the end of the padding.
    let whole = (out.len() / 8).min((bytes.len().saturating_sub(PADDING_BYTES)) / WIDTH);
    let (eights, rest) = out.split_at_mut(whole * 8);
    for (eight, out) in eights.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let bytes = &bytes[eight * WIDTH..eight * WIDTH + WIDTH + PADDING_BYTES];
        for (place, slot) in out.iter_mut().enumerate() {
            let bit = place * WIDTH;
            *slot = base.wrapping_add(((load(bytes, bit / 8) >> (bit % 8)) & mask) as i64);
        }
    }
    unpack_each(bytes, WIDTH as u8, base, whole * 8, rest);
}

/// Values from `first` on.
fn unpack_each(bytes: &[u8], width: u8, base: i64, first: usize, out: &mut [i64]) {
    for (place, slot) in out.iter_mut().enumerate() {
        *slot = base.wrapping_add(unpack_one(bytes, first + place, width) as i64);
    }
}

#[inline]
fn load(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..at + 8) {
        Some(slice) => {
            u64::from_le_bytes([slice[0], slice[1], slice[2], slice[3], slice[4], slice[5], slice[6], slice[7]])
        }
        None => 0,
    }
}

/// The greatest value of so many bits.
#[inline]
pub fn mask(width: u8) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_values_read_back(base: i64, width in 0u8..=64, raw in prop::collection::vec(any::<u64>(), 0..200)) {
            let values: Vec<u64> = raw.iter().map(|value| if width == 0 { 0 } else { value & mask(width) }).collect();
            let from_base: Vec<i64> = values.iter().map(|value| base.wrapping_add(*value as i64)).collect();
            let mut bytes = Vec::new();
            pack(&from_base, base, width, &mut bytes);
            let mut one_by_one = Vec::new();
            pack_each(&from_base, base, width, &mut one_by_one);
            prop_assert_eq!(&bytes, &one_by_one);
            prop_assert_eq!(bytes.len(), packed_bytes(values.len(), width));
            bytes.extend([0; PADDING_BYTES]);
            let mut out = vec![0; values.len()];
            unpack(&bytes, width, 0, &mut out);
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(unpack_one(&bytes, index, width), *value);
                prop_assert_eq!(out[index] as u64, *value);
            }
            for (index, pair) in values.windows(2).enumerate() {
                prop_assert_eq!(unpack_two(&bytes, index, width), (pair[0], pair[1]));
            }
        }
    }
}
