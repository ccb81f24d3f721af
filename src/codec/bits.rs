//! Bit packing: value `i` of `width` bits lies at bits `i * width ..`, lowest bit first.

use fearless_simd::{Level, Simd, dispatch, i64x8, prelude::*, u8x16, u8x64, u64x8};
use fearless_simd_macros::simd;

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
    if width == 0 {
        out.fill(base);
        return;
    }
    let eights = EIGHTS.get(usize::from(width));
    let unpacked = eights.map_or(0, |eights| unpack_on(Level::new(), bytes, eights, base, out));
    for (place, slot) in out.iter_mut().enumerate().skip(unpacked) {
        *slot = base.wrapping_add(unpack_one(bytes, place, width) as i64);
    }
}

/// Unpacks as many eights as there are with what a processor of this level can do; answers how many values.
fn unpack_on(level: Level, bytes: &[u8], eights: &Eights, base: i64, out: &mut [i64]) -> usize {
    let (out, _) = out.as_chunks_mut();
    // Some columns are read a few values at a time, for which what comes before the first would take longer.
    if !out.is_empty() {
        dispatch!(level, simd => unpack_eights(simd, bytes, eights, base, out));
    }
    8 * out.len()
}

/// So many bytes hold eight values of any width in [`EIGHTS`], and what is loaded together with the last of them.
const EIGHT_BYTES: usize = 64;
/// Bytes that two neighbours lie in, wherever among the bits of the first byte they begin.
const PAIR_BYTES: usize = 16;

/// Where eight values of some width lie, which are as many bytes as one has bits.
struct Eights {
    bytes: usize,
    /// The first byte of each two neighbours.
    pairs: [usize; 4],
    /// Of each value eight bytes, counted from the first byte of its pair.
    picked: [u8; 64],
    /// Bits before the value in the first of those.
    shifts: [u64; 8],
    mask: u64,
}

/// By width, up to the widest that eights are packed of.
static EIGHTS: [Eights; 57] = {
    let mut all = [const { Eights::of(0) }; 57];
    let mut width = 1;
    while width < all.len() {
        all[width] = Eights::of(width);
        width += 1;
    }
    all
};

impl Eights {
    const fn of(width: usize) -> Self {
        let (mut pairs, mut picked, mut shifts) = ([0; 4], [0; 64], [0; 8]);
        let mut value = 0;
        while value < 8 {
            let bit = value * width;
            let pair = value / 2 * 2 * width / 8;
            pairs[value / 2] = pair;
            shifts[value] = bit as u64 % 8;
            let mut byte = 0;
            while byte < 8 {
                let place = if cfg!(target_endian = "big") { 7 - byte } else { byte };
                picked[value * 8 + place] = (bit / 8 - pair + byte) as u8;
                byte += 1;
            }
            value += 1;
        }
        Self { bytes: width, pairs, picked, shifts, mask: mask(width as u8) }
    }
}

/// Eight values at a time, bound by some dozen steps: four loads are put together, their bytes are put where they belong,
/// shifted, masked, added to and stored.
#[simd]
fn unpack_eights<S: Simd>(simd: S, bytes: &[u8], eights: &Eights, base: i64, out: &mut [[i64; 8]]) {
    let picked = u8x64::from_slice(simd, &eights.picked);
    let shifts = u64x8::from_slice(simd, &eights.shifts);
    let (mask, base) = (u64x8::splat(simd, eights.mask), i64x8::splat(simd, base));
    // None is greater; said so that it need not be checked for each eight.
    let pairs = eights.pairs.map(|start| start.min(EIGHT_BYTES - PAIR_BYTES));
    // The last few are taken out of a copy, which has bytes behind them to be loaded too.
    let whole = bytes.len().checked_sub(EIGHT_BYTES).map_or(0, |starts| starts / eights.bytes + 1).min(out.len());
    let (first, rest) = (bytes, bytes.get(whole * eights.bytes..).unwrap_or_default());
    let mut copy = [0; 2 * EIGHT_BYTES];
    if whole < out.len() {
        copy.iter_mut().zip(rest.iter().take(EIGHT_BYTES)).for_each(|(to, from)| *to = *from);
    }
    let (out_of_first, out_of_copy) = out.split_at_mut(whole);
    for (out, bytes) in [(out_of_first, first), (out_of_copy, &copy)] {
        for (values, start) in out.iter_mut().zip((0..).step_by(eights.bytes)) {
            // There are none fewer, as columns are checked when they are opened.
            let Some(lie_in) = bytes.get(start..).and_then(|bytes| bytes.first_chunk::<EIGHT_BYTES>()) else { return };
            let [a, b, c, d] = pairs.map(|start| u8x16::from_slice(simd, &lie_in[start..start + PAIR_BYTES]));
            let picked: u64x8<S> = a.combine(b).combine(c.combine(d)).swizzle_dyn_within_blocks(picked).bitcast();
            let distances: i64x8<S> = (picked >> shifts & mask).bitcast();
            (base + distances).store_slice(values);
        }
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
pub const fn mask(width: u8) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_values_read_back(base: i64, width in 0u8..=64, raw in prop::collection::vec(any::<u64>(), 0..800)) {
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
            unpack(&bytes, width, base, &mut out);
            prop_assert_eq!(&out, &from_base);
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(unpack_one(&bytes, index, width), *value);
            }
            let eights = EIGHTS.get(usize::from(width)).filter(|_| width > 0);
            for (level, eights) in processor::levels().into_iter().filter_map(|level| Some((level, eights?))) {
                out.fill(0);
                let unpacked = unpack_on(level, &bytes, eights, base, &mut out);
                prop_assert_eq!(unpacked, out.len() / 8 * 8);
                prop_assert_eq!(&out[..unpacked], &from_base[..unpacked], "{:?}", level);
            }
            for (index, pair) in values.windows(2).enumerate() {
                prop_assert_eq!(unpack_two(&bytes, index, width), (pair[0], pair[1]));
            }
        }
    }
}
