//! Outlines of nuclei in one slice.

use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::filters::linear::GaussianBlur;
use crate::filters::morphology::{Element, GrayMorphology, GrayOperation};
use crate::filters::threshold::AdaptiveThreshold;
use crate::measure::contour::{
    Contour, Point, approximate, area, centroid, find_contours, moments, perimeter,
};

/// Settings of the extraction; the defaults are those of the published pipeline for slices at
/// 4 nm a pixel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Extraction {
    /// Smoothing before the threshold.
    pub blur: GaussianBlur,
    /// Side of the threshold's window in pixels, odd. Without it, about an eighth of the height.
    pub block: Option<usize>,
    /// How far below the local mean, in grey levels, a pixel may be and still count as bright.
    pub offset: f64,
    /// Structuring element of the gradient that closes gaps in outlines.
    pub element: Element,
    /// How many times the gradient is taken; 0 leaves the thresholded slice as it is.
    pub gradient_iterations: usize,
    /// Outlines with an area between these, in square pixels, are nuclei.
    pub area: [f64; 2],
    /// Share of the perimeter by which the simplified outline may deviate.
    pub tolerance: f64,
    /// Outlines need more vertices than this after simplification.
    pub min_vertices: usize,
    /// Factor by which accepted outlines are enlarged about their centre.
    pub scale: f64,
    /// Whether outlines must also fill 90 % of their convex hull and have a minor axis of at least
    /// 0.4 of the major. Not part of the published pipeline.
    pub strict: bool,
}

impl Default for Extraction {
    fn default() -> Self {
        Self {
            blur: GaussianBlur::default(),
            block: None,
            offset: 7.0,
            element: Element::default(),
            gradient_iterations: 3,
            area: [300_000.0, 800_000.0],
            tolerance: 0.01,
            min_vertices: 8,
            scale: 1.1,
            strict: false,
        }
    }
}

/// A nucleus in a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nucleus {
    /// The enlarged outline.
    pub outline: Vec<Point>,
    /// Its centre, `[y, x]`.
    pub center: Point,
}

/// The nuclei of a slice, and the images on the way to them.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractedSlice {
    /// The smoothed slice.
    pub blur: Array2<u8>,
    /// 255 where it exceeds the local mean.
    pub threshold: Array2<u8>,
    /// Outlines, from the repeated gradient.
    pub gradient: Array2<u8>,
    /// Nuclei, in the order of the tree of contours. Both sides of a membrane may be found; the
    /// clustering of the stack tells them apart from other nuclei, not from each other.
    pub nuclei: Vec<Nucleus>,
}

impl Extraction {
    /// Finds nuclei in an 8-bit slice `Y X`. [`crate::measure::contour::fill_polygon`] makes masks of their
    /// outlines.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for settings outside their ranges.
    pub fn apply(&self, slice: &ArrayView2<'_, u8>) -> Result<ExtractedSlice, AlgorithmError> {
        self.check()?;
        let blur = self.blur.apply(slice)?;
        let threshold = AdaptiveThreshold {
            block: self.block.unwrap_or_else(|| block_for(slice.nrows())),
            offset: self.offset,
            ..AdaptiveThreshold::default()
        };
        let threshold = threshold.apply(&blur.view())?;
        let gradient = self.gradient(&threshold)?;
        let contours = find_contours(&gradient.view())?;
        let nuclei = contours
            .iter()
            .filter_map(|contour| self.nucleus(contour))
            .collect();
        Ok(ExtractedSlice {
            blur,
            threshold,
            gradient,
            nuclei,
        })
    }

    fn gradient(&self, image: &Array2<u8>) -> Result<Array2<u8>, AlgorithmError> {
        if self.gradient_iterations == 0 {
            return Ok(image.clone());
        }
        let gradient = GrayMorphology {
            operation: GrayOperation::Gradient,
            element: self.element.clone(),
            repeat: self.gradient_iterations,
        };
        gradient.apply(&image.view())
    }

    fn nucleus(&self, contour: &Contour) -> Option<Nucleus> {
        let points = &contour.points;
        let size = area(points);
        let fits = size > self.area[0] && size < self.area[1];
        if !fits
            || approximate(points, self.tolerance * perimeter(points)).len() <= self.min_vertices
            || (self.strict && !is_elliptic(points))
        {
            return None;
        }
        let [y, x] = centroid(points)?;
        let enlarge = |value: i32, center: i32| {
            (f64::from(value - center) * self.scale + f64::from(center)) as i32
        };
        let outline: Vec<Point> = points
            .iter()
            .map(|point| [enlarge(point[0], y), enlarge(point[1], x)])
            .collect();
        let center = centroid(&outline)?;
        Some(Nucleus { outline, center })
    }

    fn check(&self) -> Result<(), AlgorithmError> {
        let [low, high] = self.area;
        if low.is_nan() || high.is_nan() || low >= high {
            let got = format!("[{low}, {high}]");
            let expected = "two numbers, the smaller first";
            return Err(AlgorithmError::parameter("area", got, expected));
        }
        for (name, value) in [("tolerance", self.tolerance), ("scale", self.scale)] {
            if !(value.is_finite() && value >= 0.0) {
                let expected = "a finite number of at least 0";
                return Err(AlgorithmError::parameter(name, value, expected));
            }
        }
        Ok(())
    }
}

/// The published pipeline's window for a slice of `height` rows: an eighth of it, made odd.
fn block_for(height: usize) -> usize {
    let eighth = height as f64 / 8.0 + 1.0;
    let block = if (eighth.floor() as usize).is_multiple_of(2) {
        eighth
    } else {
        eighth - 1.0
    };
    (block.floor() as usize + 1).max(3)
}

/// Whether an outline is nearly convex and not too long.
fn is_elliptic(points: &[Point]) -> bool {
    let found = moments(points);
    let spread = (found.mu20 - found.mu02).hypot(2.0 * found.mu11);
    let both = found.mu20 + found.mu02;
    let ratio = ((both - spread).max(0.0) / (both + spread)).sqrt();
    area(points) >= 0.9 * area(&convex_hull(points)) && ratio >= 0.4
}

/// The convex hull (Andrew's monotone chain).
fn convex_hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hull = Vec::new();
    for points in [sorted.clone(), sorted.into_iter().rev().collect()] {
        let base = hull.len();
        for point in points {
            while hull.len() >= base + 2 && !turns(&hull, point) {
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop();
    }
    hull
}

/// Whether going on to `point` turns to the convex side.
fn turns(hull: &[Point], point: Point) -> bool {
    let [a, b] = [hull[hull.len() - 2], hull[hull.len() - 1]].map(|p| p.map(f64::from));
    let c = point.map(f64::from);
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_the_height_as_published() {
        let found = [5000, 2500, 3750, 0, 8].map(block_for);
        assert_eq!(found, [627, 313, 469, 3, 3]);
    }

    #[test]
    fn long_and_hollow_outlines_are_no_ellipses() {
        assert!(is_elliptic(&[[0, 0], [0, 9], [9, 9], [9, 0]]));
        assert!(!is_elliptic(&[[0, 0], [0, 99], [9, 99], [9, 0]]));
        assert!(!is_elliptic(&[[0, 0], [9, 4], [0, 9], [9, 9], [9, 0]]));
    }
}
