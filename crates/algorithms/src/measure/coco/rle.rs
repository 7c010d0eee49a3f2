//! Masks as run lengths.

use ndarray::{Array2, ArrayView2, ShapeBuilder};

use super::BoundingBox;
use crate::AlgorithmError;

/// A mask as lengths of runs down its columns, the first being background (perhaps 0 long).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rle {
    height: u32,
    width: u32,
    counts: Vec<u32>,
}

impl Rle {
    /// A mask of given runs.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] if the runs do not add up to the mask's pixels, or a mask of
    /// more than 2^32 - 1 of them.
    pub fn new(height: usize, width: usize, counts: Vec<u32>) -> Result<Self, AlgorithmError> {
        let (height, width) = check_size(height, width)?;
        let pixels = u64::from(height) * u64::from(width);
        let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if total != pixels {
            let expected = format!("{pixels}, the pixels of a mask of {height} x {width}");
            return Err(AlgorithmError::parameter(
                "the sum of the runs",
                total,
                expected,
            ));
        }
        Ok(Self {
            height,
            width,
            counts,
        })
    }

    /// The runs of a mask `[Y, X]`.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a mask of more than 2^32 - 1 pixels.
    pub fn encode(mask: &ArrayView2<'_, bool>) -> Result<Self, AlgorithmError> {
        Self::encode_part(mask, [0, 0], mask.dim())
    }

    /// The runs of a mask of `size` (`Y X`) that is empty but for a part whose first pixel is at
    /// `origin`.
    pub(super) fn encode_part(
        part: &ArrayView2<'_, bool>,
        origin: [usize; 2],
        size: (usize, usize),
    ) -> Result<Self, AlgorithmError> {
        let (height, width) = check_size(size.0, size.1)?;
        let mut counts = Vec::new();
        let (mut current, mut end) = (false, 0);
        let mut change = |inside: bool, at: u32| {
            if inside != current {
                counts.push(at - end);
                (current, end) = (inside, at);
            }
        };
        let mut last = 0;
        for (x, column) in part.columns().into_iter().enumerate() {
            let top = (x + origin[1]) as u32 * height + origin[0] as u32;
            for (&inside, at) in column.iter().zip(top..) {
                change(inside, at);
            }
            last = top + column.len() as u32;
            if column.len() < height as usize {
                change(false, last);
            }
        }
        if last < height * width {
            change(false, last);
        }
        counts.push(height * width - end);
        Ok(Self {
            height,
            width,
            counts,
        })
    }

    /// The mask, `[Y, X]`.
    pub fn decode(&self) -> Array2<bool> {
        let mut pixels = vec![false; self.height as usize * self.width as usize];
        for (start, end) in self.runs() {
            pixels[start..end].fill(true);
        }
        let shape = (self.height as usize, self.width as usize).f();
        // The runs add up to the mask's pixels since construction.
        Array2::from_shape_vec(shape, pixels).unwrap_or_default()
    }

    /// Rows of the mask.
    pub fn height(&self) -> usize {
        self.height as usize
    }

    /// Columns of the mask.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// The run lengths.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Number of pixels inside.
    pub fn area(&self) -> u64 {
        let inside = self.counts.iter().skip(1).step_by(2);
        inside.map(|&count| u64::from(count)).sum()
    }

    /// The smallest box of whole pixels around the mask; all 0 without pixels.
    pub fn bounding_box(&self) -> BoundingBox {
        let height = self.height as usize;
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for (start, end) in self.runs() {
            let (first, last) = (start / height, (end - 1) / height);
            left = left.min(first);
            right = right.max(last);
            if first == last {
                top = top.min(start % height);
                bottom = bottom.max((end - 1) % height);
            } else {
                (top, bottom) = (0, height - 1);
            }
        }
        if left == usize::MAX {
            return BoundingBox::default();
        }
        BoundingBox([
            left as f64,
            top as f64,
            (right - left + 1) as f64,
            (bottom - top + 1) as f64,
        ])
    }

    /// Pixels inside, as ranges of indices down the columns; none is empty.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut end = 0;
        self.counts
            .iter()
            .enumerate()
            .filter_map(move |(index, &count)| {
                let start = end;
                end += count as usize;
                (index % 2 == 1 && count > 0).then_some((start, end))
            })
    }

    /// Pixels that are in any of the masks.
    ///
    /// # Errors
    /// [`AlgorithmError::Empty`] without masks, [`AlgorithmError::ShapeMismatch`].
    pub fn union(masks: &[Self]) -> Result<Self, AlgorithmError> {
        Self::merge(masks, |a, b| a || b)
    }

    /// Pixels that are in all of the masks.
    ///
    /// # Errors
    /// As [`Rle::union`].
    pub fn intersection(masks: &[Self]) -> Result<Self, AlgorithmError> {
        Self::merge(masks, |a, b| a && b)
    }

    fn merge(masks: &[Self], both: fn(bool, bool) -> bool) -> Result<Self, AlgorithmError> {
        let (first, rest) = masks.split_first().ok_or(AlgorithmError::Empty {
            what: "the list of masks",
        })?;
        rest.iter().try_fold(first.clone(), |merged, next| {
            merged.check_same_size(next)?;
            Ok(merged.combine(next, both))
        })
    }

    /// Walks both lists of runs at once.
    fn combine(&self, other: &Self, both: fn(bool, bool) -> bool) -> Self {
        let mut sides = [
            (&self.counts[..], false, 0_u32),
            (&other.counts[..], false, 0),
        ];
        for (counts, inside, left) in &mut sides {
            advance(counts, inside, left);
        }
        let mut counts = Vec::new();
        let (mut current, mut run) = (false, 0);
        loop {
            let step = sides[0].2.min(sides[1].2);
            if step == 0 {
                break;
            }
            let inside = both(sides[0].1, sides[1].1);
            if inside != current {
                counts.push(run);
                (current, run) = (inside, 0);
            }
            run += step;
            for (counts, inside, left) in &mut sides {
                *left -= step;
                if *left == 0 {
                    *inside = !*inside;
                    advance(counts, inside, left);
                }
            }
        }
        counts.push(run);
        Self { counts, ..*self }
    }

    fn check_same_size(&self, other: &Self) -> Result<(), AlgorithmError> {
        let of = |rle: &Self| vec![rle.height(), rle.width()];
        crate::error::same_shape(("a mask", &of(self)), ("another", &of(other)))
    }

    /// Number of pixels in both.
    fn common(&self, other: &Self) -> u64 {
        let (mut ours, mut theirs) = (self.runs(), other.runs());
        let (mut a, mut b) = (ours.next(), theirs.next());
        let mut pixels = 0;
        while let (Some((start, end)), Some((other_start, other_end))) = (a, b) {
            let overlap = end.min(other_end).saturating_sub(start.max(other_start));
            pixels += overlap as u64;
            if end <= other_end {
                a = ours.next();
            } else {
                b = theirs.next();
            }
        }
        pixels
    }
}

/// Takes runs until one has pixels.
fn advance(counts: &mut &[u32], inside: &mut bool, left: &mut u32) {
    while let Some((&count, rest)) = counts.split_first() {
        *counts = rest;
        if count > 0 {
            *left = count;
            return;
        }
        *inside = !*inside;
    }
}

/// Intersection over union of a detection and a truth; over the detection's area alone if the
/// truth is a crowd. 0 where that is 0.
///
/// # Errors
/// [`AlgorithmError::ShapeMismatch`].
pub fn mask_iou(detection: &Rle, truth: &Rle, crowd: bool) -> Result<f64, AlgorithmError> {
    detection.check_same_size(truth)?;
    let common = detection.common(truth);
    let whole = if crowd {
        detection.area()
    } else {
        detection.area() + truth.area() - common
    };
    Ok(if common == 0 {
        0.0
    } else {
        common as f64 / whole as f64
    })
}

pub(super) fn check_size(height: usize, width: usize) -> Result<(u32, u32), AlgorithmError> {
    let pixels = height.checked_mul(width);
    if pixels.is_none_or(|pixels| u32::try_from(pixels).is_err()) || height.max(width) > 1 << 31 {
        let got = format!("{height} x {width}");
        let expected = format!("at most {} pixels", u32::MAX);
        return Err(AlgorithmError::parameter("the mask's size", got, expected));
    }
    Ok((height as u32, width as u32))
}
