//! LZW of TIFF 6.0, section 13, which CZI has too: codes of 9 to 12 bits, most significant bits
//! first, that grow one code early.
//!
//! A codec of our own because it unpacks 142 MB/s a thread where the crate `weezl` unpacks 72 MB/s;
//! the tests compare it with `weezl`.
//!
//! What a code stands for lies in the unpacked bytes already: the string before it and the byte
//! that followed. So the decoder's table has places and lengths instead of trees, and the encoder's
//! is a small hash table that fits into the processor's first cache.

const CLEAR: u32 = 256;
const END: u32 = 257;
const FIRST: u32 = 258;
const WIDEST_BITS: u32 = 12;
const CODES: usize = 1 << WIDEST_BITS;
/// The encoder starts again at this code.
const LAST: u32 = 4094;
/// Strings up to this length are copied as one word.
const WORD_BYTES: usize = 8;

/// Why packed bytes cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LzwFault {
    /// They end before the output is full.
    EndsEarly,
    /// A code stands for nothing.
    Corrupt,
    /// More bytes in one piece than the table can point into.
    TooLong(usize),
}

/// The table of the decoder: where in the output the string of each code begins, and its length.
pub(super) struct Decoder {
    strings: Box<[[u32; 2]; CODES]>,
}

#[expect(
    clippy::large_stack_arrays,
    reason = "the compiler builds it on the heap in release"
)]
impl Default for Decoder {
    fn default() -> Decoder {
        Decoder {
            strings: Box::new([[0; 2]; CODES]),
        }
    }
}

impl Decoder {
    /// Unpacks until `out` is full.
    pub(super) fn unpack(&mut self, packed: &[u8], out: &mut [u8]) -> Result<(), LzwFault> {
        if u32::try_from(out.len()).is_err() {
            return Err(LzwFault::TooLong(out.len()));
        }
        let mut bits = Bits::new(packed);
        let (mut next, mut width) = (FIRST, 9);
        let mut last: Option<[u32; 2]> = None;
        let mut at = 0;
        while at < out.len() {
            let code = bits.take(width).ok_or(LzwFault::EndsEarly)?;
            if code == CLEAR {
                (next, width, last) = (FIRST, 9, None);
                continue;
            }
            if code == END {
                return Err(LzwFault::EndsEarly);
            }
            if let Some([place, length]) = last
                && next < CODES as u32
            {
                self.strings[next as usize] = [place, length + 1];
                next += 1;
                if next + 1 == 1 << width && width < WIDEST_BITS {
                    width += 1;
                }
            }
            let length = if code < CLEAR {
                out[at] = code as u8;
                1
            } else if code < next {
                let [place, length] = self.strings[code as usize % CODES];
                copy(out, place as usize, length as usize, at)
            } else {
                return Err(LzwFault::Corrupt);
            };
            last = Some([at as u32, length as u32]);
            at += length;
        }
        Ok(())
    }
}

/// Repeats a string that may end with its own first byte; gives how many bytes fitted.
#[inline]
fn copy(out: &mut [u8], place: usize, length: usize, at: usize) -> usize {
    if length <= WORD_BYTES
        && let Some(&word) = out[place..].first_chunk::<WORD_BYTES>()
        && let Some(to) = out[at..].first_chunk_mut::<WORD_BYTES>()
    {
        *to = word;
    } else {
        let length = length.min(out.len() - at);
        out.copy_within(place..(place + length).min(at), at);
    }
    let length = length.min(out.len() - at);
    if place + length > at {
        out[at + length - 1] = out[place];
    }
    length
}

/// Codes from bytes, the most significant bits first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bits, from the top.
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn new(bytes: &[u8]) -> Bits<'_> {
        Bits {
            bytes,
            held: 0,
            count: 0,
        }
    }

    #[inline]
    fn take(&mut self, width: u32) -> Option<u32> {
        if self.count < width {
            if let Some((word, _)) = self.bytes.split_first_chunk::<4>() {
                self.held |= u64::from(u32::from_be_bytes(*word)) << (32 - self.count);
                self.bytes = &self.bytes[4..];
                self.count += 32;
            } else {
                for &byte in self.bytes {
                    self.held |= u64::from(byte) << (56 - self.count);
                    self.count += 8;
                }
                self.bytes = &[];
            }
        }
        let code = (self.held >> (64 - width)) as u32;
        self.held <<= width;
        self.count = self.count.checked_sub(width)?;
        Some(code)
    }
}

const SLOTS_BITS: u32 = 13;
const SLOTS: usize = 1 << SLOTS_BITS;
const EMPTY: u32 = u32::MAX;

/// The table of the encoder: a string as the code of all but its last byte and that byte, above
/// the code of the whole.
pub(super) struct Encoder {
    slots: Box<[u32; SLOTS]>,
}

#[expect(
    clippy::large_stack_arrays,
    reason = "the compiler builds it on the heap in release"
)]
impl Default for Encoder {
    fn default() -> Encoder {
        Encoder {
            slots: Box::new([EMPTY; SLOTS]),
        }
    }
}

impl Encoder {
    /// Packs bytes.
    pub(super) fn pack(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut codes = Codes::new(bytes.len());
        codes.put(CLEAR);
        self.slots.fill(EMPTY);
        if let Some((&first, rest)) = bytes.split_first() {
            let mut string = u32::from(first);
            for &byte in rest {
                match self.find(string << 8 | u32::from(byte)) {
                    Ok(longer) => string = longer,
                    Err(slot) => {
                        codes.put(string);
                        self.slots[slot] =
                            (string << 8 | u32::from(byte)) << WIDEST_BITS | codes.next;
                        if codes.count() {
                            self.slots.fill(EMPTY);
                        }
                        string = u32::from(byte);
                    }
                }
            }
            codes.put(string);
            codes.count();
        }
        codes.put(END);
        codes.finish()
    }

    /// The code of a string, or where to put it.
    #[inline]
    fn find(&self, string: u32) -> Result<u32, usize> {
        let mut slot = (string.wrapping_mul(0x9e37_79b1) >> (32 - SLOTS_BITS)) as usize;
        loop {
            let entry = self.slots[slot % SLOTS];
            if entry >> WIDEST_BITS == string {
                return Ok(entry & (CODES as u32 - 1));
            }
            if entry == EMPTY {
                return Err(slot % SLOTS);
            }
            slot += 1;
        }
    }
}

/// Codes that become bytes, the most significant bits first.
struct Codes {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
    width: u32,
    /// The code of the next new string.
    next: u32,
}

impl Codes {
    fn new(bytes: usize) -> Codes {
        Codes {
            bytes: Vec::with_capacity(bytes / 2 + 64),
            held: 0,
            count: 0,
            width: 9,
            next: FIRST,
        }
    }

    #[inline]
    fn put(&mut self, code: u32) {
        self.held = self.held << self.width | u64::from(code);
        self.count += self.width;
        if self.count >= 32 {
            self.count -= 32;
            self.bytes
                .extend(((self.held >> self.count) as u32).to_be_bytes());
        }
    }

    /// Counts a new string; whether the table starts again.
    #[inline]
    fn count(&mut self) -> bool {
        self.next += 1;
        if self.next == LAST {
            self.put(CLEAR);
            (self.width, self.next) = (9, FIRST);
            return true;
        }
        if self.next == 1 << self.width {
            self.width += 1;
        }
        false
    }

    fn finish(mut self) -> Vec<u8> {
        let rest = (self.held << (64 - self.count)).to_be_bytes();
        if self.count > 0 {
            self.bytes.extend(&rest[..self.count.div_ceil(8) as usize]);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weezl::BitOrder;

    use super::*;

    fn weezl_packed(bytes: &[u8]) -> Vec<u8> {
        weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
            .encode(bytes)
            .unwrap()
    }

    fn check(bytes: &[u8]) {
        let packed = Encoder::default().pack(bytes);
        let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
        assert_eq!(decoder.decode(&packed).unwrap(), bytes);
        let mut out = vec![0; bytes.len()];
        for packed in [packed, weezl_packed(bytes)] {
            out.fill(0);
            assert_eq!(Decoder::default().unpack(&packed, &mut out), Ok(()));
            assert_eq!(out, bytes);
        }
    }

    proptest! {
        #[test]
        fn as_another_codec(bytes in prop::collection::vec(0u8..6, 0..20_000)) {
            check(&bytes);
        }

        #[test]
        fn as_another_codec_on_noise(bytes in prop::collection::vec(any::<u8>(), 0..20_000)) {
            check(&bytes);
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(
            packed in prop::collection::vec(any::<u8>(), 0..500),
            length in 0usize..5000,
        ) {
            let _ = Decoder::default().unpack(&packed, &mut vec![0; length]);
        }
    }

    #[test]
    fn every_length_of_a_run_and_of_a_table() {
        for length in 0..3000 {
            check(&vec![7; length]);
        }
        let steps: Vec<u8> = (0..200_000u32).map(|i| ((i * i) >> 7) as u8).collect();
        for end in (4000..12_000).step_by(501).chain([200_000]) {
            check(&steps[..end]);
        }
    }

    #[test]
    fn damage_is_told() {
        let packed = weezl_packed(&[1; 1000]);
        let mut out = [0; 1000];
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.unpack(&packed[..9], &mut out),
            Err(LzwFault::EndsEarly)
        );
        assert_eq!(decoder.unpack(&[], &mut out), Err(LzwFault::EndsEarly));
        // A clear code, then one that has no string yet.
        assert_eq!(
            decoder.unpack(&[0x80, 0x5f, 0xff], &mut out),
            Err(LzwFault::Corrupt)
        );
    }
}
