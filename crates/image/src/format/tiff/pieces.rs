//! Cutting an array into the parts that come from one strip or tile each, so that threads can fill
//! them at the same time.

use std::ops::Range;

use ndarray::{ArrayViewMut3, Axis as Dimension};

use super::chunk::Piece;
use super::codec::Codec;
use super::extents::Extents;
use super::file::TiffFile;
use super::page::Page;
use crate::error::ImageError;

/// Rows that lie in the file as they are, are read in parts of about so many bytes.
const BAND_BYTES: u128 = 1 << 20;

/// A page whose pixels are wanted.
pub(super) struct Wanted<'a> {
    pub(super) file: &'a TiffFile,
    pub(super) page: &'a Page,
    pub(super) shift: u64,
    pub(super) tables: Option<&'a [u8]>,
    pub(super) samples: Range<usize>,
    pub(super) y: Range<usize>,
    pub(super) x: Range<usize>,
}

/// Rows that are unpacked at once.
struct Band {
    /// The row of strips or tiles, and its first row of pixels.
    row: usize,
    top: usize,
    /// The rows of pixels that are wanted.
    wanted: Range<usize>,
}

impl<'a> Wanted<'a> {
    /// Adds the pieces of the page that fill `out`: samples, rows, columns.
    pub(super) fn cut<T>(
        &self,
        out: ArrayViewMut3<'a, T>,
        pieces: &mut Vec<Piece<'a, T>>,
    ) -> Result<(), ImageError> {
        let extents = self.page.extents(self.file)?;
        if !self.page.is_planar {
            return self.cut_plane(&extents, 0, out, pieces);
        }
        let mut rest = out;
        for sample in self.samples.clone() {
            let (plane, others) = rest.split_at(Dimension(0), 1);
            self.cut_plane(&extents, sample, plane, pieces)?;
            rest = others;
        }
        Ok(())
    }

    fn cut_plane<T>(
        &self,
        extents: &Extents,
        plane: usize,
        out: ArrayViewMut3<'a, T>,
        pieces: &mut Vec<Piece<'a, T>>,
    ) -> Result<(), ImageError> {
        let [_, across] = self.page.chunks();
        let mut rest = out;
        for band in self.bands(extents) {
            let (mut strip, others) = rest.split_at(Dimension(1), band.wanted.len());
            rest = others;
            let width = self.page.chunk[1];
            for column in self.x.start / width..self.x.end.div_ceil(width).min(across) {
                let left = column * width;
                let end = self.x.end.min(left + width);
                let start = self.x.start.max(left);
                let (view, others) = strip.split_at(Dimension(2), end - start);
                strip = others;
                pieces.extend(self.piece(extents, plane, &band, column, start - left, view)?);
            }
        }
        Ok(())
    }

    /// The wanted rows, cut where strips or tiles begin. Rows that are not packed are cut into
    /// larger or smaller bands.
    fn bands(&self, extents: &Extents) -> Vec<Band> {
        let page = self.page;
        let is_plain = page.codec == Codec::None && !page.is_tiled;
        let chunk = if is_plain && extents.is_contiguous {
            page.height
        } else {
            page.chunk[0]
        };
        let step = if is_plain {
            (BAND_BYTES / page.chunk_bytes(1).max(1)).clamp(1, chunk as u128) as usize
        } else {
            chunk
        };
        let mut bands = Vec::new();
        let mut start = self.y.start;
        while start < self.y.end {
            let row = start / chunk;
            let top = row * chunk;
            let limit = if is_plain { start + step } else { top + chunk };
            let end = limit.min(top + chunk).min(self.y.end);
            bands.push(Band {
                row,
                top,
                wanted: start..end,
            });
            start = end;
        }
        bands
    }

    fn piece<T>(
        &self,
        extents: &Extents,
        plane: usize,
        band: &Band,
        column: usize,
        skip_columns: usize,
        out: ArrayViewMut3<'a, T>,
    ) -> Result<Option<Piece<'a, T>>, ImageError> {
        let page = self.page;
        let [down, across] = page.chunks();
        let chunk = (plane * down + band.row) * across + column;
        let skip_rows = band.wanted.start - band.top;
        let mut piece = Piece {
            file: self.file,
            page,
            chunk,
            place: (0, 0),
            tables: self.tables,
            rows: page.rows_of(band.row),
            skip: [skip_rows, skip_columns, 0],
            out,
        };
        if !page.is_planar {
            piece.skip[2] = self.samples.start;
        }
        if page.codec == Codec::None && !page.is_tiled {
            // Only the wanted rows are read.
            let rows = skip_rows + band.wanted.len();
            let place = extents.place(self.file, page, chunk, rows, self.shift)?;
            let Some((offset, _)) = place else {
                return Ok(None);
            };
            let skipped = page.chunk_bytes(skip_rows) as u64;
            piece.rows = band.wanted.len();
            piece.skip[0] = 0;
            piece.place = (offset + skipped, page.chunk_bytes(piece.rows) as u64);
            return Ok(Some(piece));
        }
        match extents.place(self.file, page, chunk, piece.rows, self.shift)? {
            Some(place) => piece.place = place,
            None => return Ok(None),
        }
        Ok(Some(piece))
    }
}
