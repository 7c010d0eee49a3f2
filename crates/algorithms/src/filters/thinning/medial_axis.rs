//! The medial axis: what remains when pixels near the background are removed first.

use std::sync::LazyLock;

use ndarray::{Array2, ArrayView2};

use crate::AlgorithmError;
use crate::filters::distance::squared_distance;

/// A skeleton with the distance of each pixel to the background.
#[derive(Debug, Clone, PartialEq)]
pub struct MedialAxis {
    /// The ridge of the distance.
    pub skeleton: Array2<bool>,
    /// Distance to the nearest background pixel, in pixels; infinite without background.
    pub distance: Array2<f64>,
}

/// For each pattern of 3 x 3 pixels whose centre is set, lowest bit first in raster order: whether
/// the centre is needed to keep its neighbours connected, or ends a line.
static NEEDED: LazyLock<Vec<bool>> = LazyLock::new(|| (0..512).map(is_needed).collect());

/// The medial axis of a mask, by one pass over its pixels in the order of distance to the
/// background, then of the number of background pixels around, then of raster index.
///
/// The rule is that of scikit-image's `medial_axis`, whose last criterion is a random number.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for an image of 2^32 or more pixels.
pub fn medial_axis(mask: &ArrayView2<'_, bool>) -> Result<MedialAxis, AlgorithmError> {
    if u32::try_from(mask.len()).is_err() {
        let expected = "below 4294967296";
        return Err(AlgorithmError::parameter(
            "the number of pixels",
            mask.len(),
            expected,
        ));
    }
    let squared = squared_distance(mask, &[1.0])?;
    let stride = mask.ncols() + 2;
    let mut framed = vec![false; stride * (mask.nrows() + 2)];
    for ((y, x), &set) in mask.indexed_iter() {
        framed[(y + 1) * stride + x + 1] = set;
    }
    let at = |index: u32| {
        let (y, x) = (index as usize / mask.ncols(), index as usize % mask.ncols());
        (y + 1) * stride + x + 1
    };
    let mut order: Vec<(u64, u32)> = Vec::new();
    for (index, &square) in (0_u32..).zip(&squared) {
        if square > 0.0 {
            let background = 9 - pattern(&framed, at(index), stride).count_ones();
            order.push((
                (square as u64).min(u64::MAX >> 4) << 4 | u64::from(background),
                index,
            ));
        }
    }
    order.sort_unstable();
    for (_, index) in order {
        let pixel = at(index);
        framed[pixel] = NEEDED[pattern(&framed, pixel, stride) as usize];
    }
    let skeleton = Array2::from_shape_fn(mask.raw_dim(), |(y, x)| framed[(y + 1) * stride + x + 1]);
    Ok(MedialAxis {
        skeleton,
        distance: squared.mapv(f64::sqrt),
    })
}

fn pattern(framed: &[bool], at: usize, stride: usize) -> u32 {
    let mut bits = 0;
    for (row, start) in [at - stride - 1, at - 1, at + stride - 1]
        .into_iter()
        .enumerate()
    {
        for (column, &set) in framed[start..start + 3].iter().enumerate() {
            bits |= u32::from(set) << (3 * row + column);
        }
    }
    bits
}

fn is_needed(pattern: u32) -> bool {
    const CENTER: u32 = 1 << 4;
    pattern.count_ones() < 3 || components(pattern) != components(pattern & !CENTER)
}

/// Number of 8-connected components of a 3 x 3 pattern.
fn components(pattern: u32) -> usize {
    let touches = |a: u32, b: u32| (a / 3).abs_diff(b / 3) <= 1 && (a % 3).abs_diff(b % 3) <= 1;
    let mut left = pattern;
    let mut count = 0;
    while left != 0 {
        count += 1;
        let mut open = vec![left.trailing_zeros()];
        while let Some(bit) = open.pop() {
            left &= !(1 << bit);
            open.extend((0..9).filter(|&other| left >> other & 1 == 1 && touches(bit, other)));
        }
    }
    count
}
