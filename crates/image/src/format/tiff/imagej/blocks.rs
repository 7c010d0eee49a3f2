//! The display ranges and lookup tables that ImageJ keeps in two private fields.
//!
//! The second field holds blocks of bytes: first a header with a magic number and, for each kind of
//! block, its name and how many there are; then the blocks. The first field has their lengths.

use crate::format::tiff::layout::Layout;

const MAGIC: u64 = 0x494a_494a;
const RANGES: u64 = 0x7261_6e67;
const TABLES: u64 = 0x6c75_7473;
/// Red, green and blue of 256 intensities.
const TABLE_BYTES: usize = 768;

/// What the fields say about the display of the channels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::format::tiff) struct Blocks {
    /// The intensities that are shown as black and as full colour.
    pub(in crate::format::tiff) windows: Vec<[f64; 2]>,
    /// The colour of the highest intensity.
    pub(in crate::format::tiff) colours: Vec<[u8; 3]>,
}

impl Blocks {
    /// Reads the values of the two fields; what cannot be followed is left out.
    pub(in crate::format::tiff) fn parse(layout: Layout, lengths: &[u64], bytes: &[u8]) -> Blocks {
        let mut found = Blocks::default();
        let Some((header, mut rest)) = lengths
            .first()
            .and_then(|&length| bytes.split_at_checked(length as usize))
        else {
            return found;
        };
        let Some((magic, kinds)) = header.split_at_checked(4) else {
            return found;
        };
        if layout.number(magic) != MAGIC {
            return found;
        }
        let mut lengths = lengths[1..].iter();
        for kind in kinds.chunks_exact(8) {
            let (name, count) = (layout.number(&kind[..4]), layout.number(&kind[4..]));
            for &length in lengths.by_ref().take(count as usize) {
                let Some((block, others)) = rest.split_at_checked(length as usize) else {
                    return found;
                };
                rest = others;
                found.add(layout, name, block);
            }
        }
        found
    }

    fn add(&mut self, layout: Layout, name: u64, block: &[u8]) {
        let float = |bytes: &[u8]| f64::from_bits(layout.number(bytes));
        match name {
            RANGES => {
                let pairs = block.chunks_exact(16);
                self.windows
                    .extend(pairs.map(|pair| [float(&pair[..8]), float(&pair[8..])]));
            }
            TABLES if block.len() == TABLE_BYTES => {
                self.colours.push([block[255], block[511], block[767]]);
            }
            _ => {}
        }
    }

    /// The values of the two fields in little-endian order; `None` if there is nothing to say.
    pub(in crate::format::tiff) fn encode(&self) -> Option<(Vec<u32>, Vec<u8>)> {
        let mut header = (MAGIC as u32).to_le_bytes().to_vec();
        let mut kind = |name: u64, count: usize| {
            header.extend((name as u32).to_le_bytes());
            header.extend((count as u32).to_le_bytes());
        };
        let mut lengths = vec![0];
        let mut data = Vec::new();
        if !self.windows.is_empty() {
            kind(RANGES, 1);
            lengths.push(16 * self.windows.len() as u32);
            data.extend(
                self.windows
                    .iter()
                    .flatten()
                    .flat_map(|end| end.to_le_bytes()),
            );
        }
        if !self.colours.is_empty() {
            kind(TABLES, self.colours.len());
            for colour in &self.colours {
                lengths.push(TABLE_BYTES as u32);
                for &highest in colour {
                    let ramp = |value: u32| (value * u32::from(highest) / 255) as u8;
                    data.extend((0..256).map(ramp));
                }
            }
        }
        lengths[0] = header.len() as u32;
        header.extend(data);
        (lengths.len() > 1).then_some((lengths, header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_colours_survive() {
        let blocks = Blocks {
            windows: vec![[0.0, 255.0], [12.5, 4095.0]],
            colours: vec![[255, 0, 0], [10, 200, 30]],
        };
        let (lengths, bytes) = blocks.encode().unwrap();
        let lengths: Vec<u64> = lengths.into_iter().map(u64::from).collect();
        assert_eq!(Blocks::parse(Layout::LITTLE, &lengths, &bytes), blocks);
        let cut = &bytes[..bytes.len() - 1];
        assert_eq!(
            Blocks::parse(Layout::LITTLE, &lengths, cut).colours.len(),
            1
        );
        assert_eq!(Blocks::default().encode(), None);
    }
}
