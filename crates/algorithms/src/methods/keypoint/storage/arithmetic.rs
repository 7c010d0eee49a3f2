//! Binary arithmetic coding with given probabilities (Witten, Neal and Cleary 1987).

use super::bits::{BitReader, BitWriter};

const HALF: u64 = 1 << 31;
const QUARTER: u64 = 1 << 30;
const TOP: u64 = (1 << 32) - 1;

/// How often a bit was 0 and 1 so far; both begin with one half.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Twice the counts.
    twice: [u64; 2],
}

impl Default for Counts {
    fn default() -> Self {
        Self { twice: [1, 1] }
    }
}

impl Counts {
    pub(super) fn add(&mut self, bit: bool) {
        self.twice[usize::from(bit)] += 2;
        // The coder's range must stay far above the total.
        if self.twice[0] + self.twice[1] > 1 << 24 {
            self.twice = self.twice.map(|count| (count / 2).max(1));
        }
    }

    /// Part of a range that belongs to 0; at least 1, and less than all.
    fn share_of_zero(self, range: u64) -> u64 {
        range * self.twice[0] / (self.twice[0] + self.twice[1])
    }
}

/// The interval that coder and decoder narrow alike.
struct Interval {
    low: u64,
    high: u64,
}

/// What becomes certain about the interval when it is small.
enum Step {
    /// Its highest bit.
    Bit(bool),
    /// That it lies around the middle.
    Middle,
}

impl Interval {
    fn narrow(&mut self, counts: Counts, bit: bool) {
        let middle = self.low + counts.share_of_zero(self.high - self.low + 1);
        if bit {
            self.low = middle;
        } else {
            self.high = middle - 1;
        }
    }

    /// Doubles the interval if it can be.
    fn grow(&mut self) -> Option<Step> {
        let (step, offset) = if self.high < HALF {
            (Step::Bit(false), 0)
        } else if self.low >= HALF {
            (Step::Bit(true), HALF)
        } else if self.low >= QUARTER && self.high < HALF + QUARTER {
            (Step::Middle, QUARTER)
        } else {
            return None;
        };
        self.low = (self.low - offset) << 1;
        self.high = (self.high - offset) << 1 | 1;
        Some(step)
    }
}

pub(super) struct Encoder {
    interval: Interval,
    pending: u64,
    bits: BitWriter,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            interval: Interval { low: 0, high: TOP },
            pending: 0,
            bits: BitWriter::default(),
        }
    }

    pub(super) fn encode(&mut self, counts: Counts, bit: bool) {
        self.interval.narrow(counts, bit);
        while let Some(step) = self.interval.grow() {
            match step {
                Step::Bit(bit) => self.emit(bit),
                Step::Middle => self.pending += 1,
            }
        }
    }

    fn emit(&mut self, bit: bool) {
        self.bits.push(bit);
        for _ in 0..std::mem::take(&mut self.pending) {
            self.bits.push(!bit);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.pending += 1;
        let upper = self.interval.low >= QUARTER;
        self.emit(upper);
        self.bits.finish()
    }
}

pub(super) struct Decoder<'a> {
    interval: Interval,
    value: u64,
    bits: BitReader<'a>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            interval: Interval { low: 0, high: TOP },
            value: 0,
            bits: BitReader::new(bytes),
        };
        for _ in 0..32 {
            decoder.shift();
        }
        decoder
    }

    /// The encoder leaves out zeros at the end.
    fn shift(&mut self) {
        self.value = self.value << 1 | u64::from(self.bits.pull().unwrap_or(false));
    }

    pub(super) fn decode(&mut self, counts: Counts) -> bool {
        let range = self.interval.high - self.interval.low + 1;
        let bit = self.value >= self.interval.low + counts.share_of_zero(range);
        self.interval.narrow(counts, bit);
        while let Some(step) = self.interval.grow() {
            self.value -= match step {
                Step::Bit(false) => 0,
                Step::Bit(true) => HALF,
                Step::Middle => QUARTER,
            };
            self.shift();
        }
        bit
    }
}
