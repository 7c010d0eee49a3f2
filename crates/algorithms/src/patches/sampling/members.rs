//! The n-th pixel of a set, without a list of all of them.

const BLOCK: usize = 4096;

/// Pixels for which a rule holds, counted in blocks: memory of a fraction of the image.
pub(super) struct Members<F> {
    holds: F,
    length: usize,
    /// Members up to the end of each block.
    ends: Vec<usize>,
}

impl<F: Fn(usize) -> bool> Members<F> {
    pub(super) fn of(length: usize, holds: F) -> Self {
        let mut count = 0;
        let ends = (0..length).step_by(BLOCK).map(|start| {
            let block = start..(start + BLOCK).min(length);
            count += block.filter(|&index| holds(index)).count();
            count
        });
        Self {
            ends: ends.collect(),
            holds,
            length,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Index of member `number`, the first being 0; below the count.
    pub(super) fn index(&self, number: usize) -> usize {
        let block = self.ends.partition_point(|&end| end <= number);
        let before = if block == 0 { 0 } else { self.ends[block - 1] };
        let start = block * BLOCK;
        let mut members = (start..self.length).filter(|&index| (self.holds)(index));
        // Blocks are counted by the same rule, so the member is there.
        members.nth(number - before).unwrap_or(0)
    }
}
