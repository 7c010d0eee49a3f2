//! Tiles of which only the part unaffected by their edges is used.

use std::ops::Range;

use crate::AlgorithmError;

/// Along one axis: what a tile reads and what of it is used, in pixels of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    read: Range<usize>,
    keep: Range<usize>,
}

/// One tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CropTile {
    /// Pixels the network sees, `Z Y X`. Starts at multiples of the stride.
    pub read: [Range<usize>; 3],
    /// Pixels of the image that are taken from this tile, `Z Y X`.
    pub keep: [Range<usize>; 3],
}

impl CropTile {
    /// [`CropTile::keep`] counted from the tile's first pixel.
    pub fn keep_in_tile(&self) -> [Range<usize>; 3] {
        std::array::from_fn(|axis| {
            let start = self.read[axis].start;
            self.keep[axis].start - start..self.keep[axis].end - start
        })
    }
}

/// Tiles whose kept parts cover each pixel of an image exactly once.
///
/// A kept pixel is at least `margin` pixels from every edge of its tile, unless that edge is the
/// image's own edge. With the network's receptive field as margin and its total stride as
/// `stride` the assembled prediction is the untiled one.
///
/// Tiles are `tile` pixels long, rounded down to a multiple of `stride`; along an axis where the
/// image is shorter there is one tile. The last tile may be shorter by less than a stride, where
/// the image's length is no multiple of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CropPlan {
    axes: [Vec<Span>; 3],
}

impl CropPlan {
    /// Plans an image of shape `[Z, Y, X]`.
    ///
    /// # Errors
    /// [`AlgorithmError::TileTooSmall`] where an axis longer than the tile leaves less than a
    /// stride between two margins, [`AlgorithmError::Parameter`] for a stride of 0.
    pub fn new(
        image: [usize; 3],
        tile: [usize; 3],
        margin: [usize; 3],
        stride: [usize; 3],
    ) -> Result<Self, AlgorithmError> {
        let [z, y, x] = [0, 1, 2].map(|a| spans(image[a], tile[a], margin[a], stride[a]));
        Ok(Self { axes: [z?, y?, x?] })
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.axes.iter().map(Vec::len).product()
    }

    /// Whether the image has no pixels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tiles, X running fastest.
    pub fn tiles(&self) -> impl Iterator<Item = CropTile> + '_ {
        let [z_spans, y_spans, x_spans] = &self.axes;
        z_spans.iter().flat_map(move |z| {
            y_spans
                .iter()
                .flat_map(move |y| x_spans.iter().map(move |x| tile_of([z, y, x])))
        })
    }
}

fn tile_of(spans: [&Span; 3]) -> CropTile {
    CropTile {
        read: spans.map(|span| span.read.clone()),
        keep: spans.map(|span| span.keep.clone()),
    }
}

fn spans(
    length: usize,
    tile: usize,
    margin: usize,
    stride: usize,
) -> Result<Vec<Span>, AlgorithmError> {
    if stride == 0 {
        return Err(AlgorithmError::parameter("the stride", 0, "at least 1"));
    }
    if length == 0 {
        return Ok(Vec::new());
    }
    if length <= tile {
        return Ok(vec![Span {
            read: 0..length,
            keep: 0..length,
        }]);
    }
    let size = tile - tile % stride;
    let step = size.saturating_sub(2 * margin) / stride * stride;
    if step == 0 {
        let needed = (2 * margin + stride).next_multiple_of(stride);
        return Err(AlgorithmError::TileTooSmall { tile, needed });
    }
    // The first start from which a tile reaches the image's end.
    let last = (length - size).next_multiple_of(stride);
    let mut starts: Vec<usize> = (0..last).step_by(step).collect();
    starts.push(last);
    Ok(keep_centres(&starts, size, length))
}

/// Splits what neighbouring tiles share in the middle, which leaves at least the margin on both
/// sides.
fn keep_centres(starts: &[usize], size: usize, length: usize) -> Vec<Span> {
    let mut spans = Vec::with_capacity(starts.len());
    let mut kept_until = 0;
    for (index, &start) in starts.iter().enumerate() {
        let end = (start + size).min(length);
        let until = starts
            .get(index + 1)
            .map_or(length, |next| usize::midpoint(*next, end));
        spans.push(Span {
            read: start..end,
            keep: kept_until..until,
        });
        kept_until = until;
    }
    spans
}
