//! Bits, the highest of a byte first.

#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

impl BitWriter {
    pub(super) fn push(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 0x80 >> (self.used % 8);
        }
        self.used = (self.used + 1) % 8;
    }

    /// The lowest `count` bits of a number, the highest of them first.
    pub(super) fn push_bits(&mut self, number: u64, count: u32) {
        for shift in (0..count).rev() {
            self.push(number >> shift & 1 == 1);
        }
    }

    /// The bytes; the last is filled with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0 }
    }

    /// Nothing beyond the last byte.
    pub(super) fn pull(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.next / 8)?;
        let bit = byte & (0x80 >> (self.next % 8)) != 0;
        self.next += 1;
        Some(bit)
    }

    pub(super) fn pull_bits(&mut self, count: u32) -> Option<u64> {
        (0..count).try_fold(0, |number, _| Some(number << 1 | u64::from(self.pull()?)))
    }
}
