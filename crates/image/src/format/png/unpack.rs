//! From packed rows to samples.

use std::ops::Range;

use png::{ColorType, Info};

/// How the pixels of a row are packed.
pub(super) struct Layout {
    /// Samples a pixel after unpacking: three for a palette.
    pub(super) samples: usize,
    bits: usize,
    /// The colours that indices stand for.
    palette: Option<Vec<[u8; 3]>>,
}

impl Layout {
    pub(super) fn new(info: &Info) -> Layout {
        let is_indexed = info.color_type == ColorType::Indexed;
        let colours = info.palette.as_deref().unwrap_or_default().as_chunks().0;
        Layout {
            samples: if is_indexed {
                3
            } else {
                info.color_type.samples()
            },
            bits: info.bit_depth as usize,
            palette: is_indexed.then(|| colours.to_vec()),
        }
    }

    /// The channels `c` of the pixels `x`, side by side; the index of a colour that the palette
    /// does not have is the error.
    pub(super) fn unpack_8(
        &self,
        row: &[u8],
        c: Range<usize>,
        x: Range<usize>,
        to: &mut [u8],
    ) -> Result<(), u8> {
        if c.is_empty() || x.is_empty() {
            return Ok(());
        }
        let pixels = to.chunks_exact_mut(c.len()).zip(x);
        if let Some(palette) = &self.palette {
            for (to, x) in pixels {
                let index = self.value(row, x);
                let colour = palette.get(usize::from(index)).ok_or(index)?;
                to.copy_from_slice(&colour[c.clone()]);
            }
        } else if self.bits == 8 {
            for (to, x) in pixels {
                to.copy_from_slice(&row[x * self.samples..][c.clone()]);
            }
        } else {
            let scale = 255 / ((1u16 << self.bits) - 1) as u8;
            for (to, x) in pixels {
                to[0] = self.value(row, x) * scale;
            }
        }
        Ok(())
    }

    /// The same for samples of 16 bits.
    pub(super) fn unpack_16(&self, row: &[u8], c: Range<usize>, x: Range<usize>, to: &mut [u16]) {
        if c.is_empty() || x.is_empty() {
            return;
        }
        let (values, _) = row.as_chunks();
        for (to, x) in to.chunks_exact_mut(c.len()).zip(x) {
            let pixel = &values[x * self.samples..][c.clone()];
            (to.iter_mut().zip(pixel)).for_each(|(to, &pair)| *to = u16::from_be_bytes(pair));
        }
    }

    /// A sample of at most 8 bits.
    fn value(&self, row: &[u8], x: usize) -> u8 {
        let place = x * self.bits;
        let shift = 8 - self.bits - place % 8;
        (row[place / 8] >> shift) & (0xff >> (8 - self.bits)) as u8
    }
}
