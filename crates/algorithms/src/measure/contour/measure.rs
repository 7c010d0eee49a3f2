//! Measures of closed polygons.

use super::Point;

/// Moments of the area of a polygon, not of pixels: a square of k pixels a side, traced along its
/// border pixels, has the area `(k - 1)^2`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Area in square pixels.
    pub m00: f64,
    /// Integral of x.
    pub m10: f64,
    /// Integral of y.
    pub m01: f64,
    /// Integral of `(x - mean)^2`.
    pub mu20: f64,
    /// Integral of `(x - mean)(y - mean)`.
    pub mu11: f64,
    /// Integral of `(y - mean)^2`.
    pub mu02: f64,
}

/// Each edge as `(x0, y0, x1, y1)`, the closing one first.
fn edges(points: &[Point]) -> impl Iterator<Item = (f64, f64, f64, f64)> {
    let before = points.iter().cycle().skip(points.len().saturating_sub(1));
    before
        .zip(points)
        .map(|(&[y0, x0], &[y1, x1])| (f64::from(x0), f64::from(y0), f64::from(x1), f64::from(y1)))
}

/// Area of the polygon in square pixels, whatever its direction.
pub fn area(points: &[Point]) -> f64 {
    let twice: f64 = edges(points)
        .map(|(x0, y0, x1, y1)| x0 * y1 - x1 * y0)
        .sum();
    twice.abs() / 2.0
}

/// Length of the closed polygon in pixels.
pub fn perimeter(points: &[Point]) -> f64 {
    edges(points)
        .map(|(x0, y0, x1, y1)| (x1 - x0).hypot(y1 - y0))
        .sum()
}

/// Moments by Green's theorem, as OpenCV's `moments` of a contour; all 0 for a polygon without
/// area.
pub fn moments(points: &[Point]) -> Moments {
    let mut sums = [0.0_f64; 6];
    for (x0, y0, x1, y1) in edges(points) {
        let cross = x0 * y1 - x1 * y0;
        let terms = [
            1.0,
            x0 + x1,
            y0 + y1,
            x0 * (x0 + x1) + x1 * x1,
            x0 * (2.0 * y0 + y1) + x1 * (y0 + 2.0 * y1),
            y0 * (y0 + y1) + y1 * y1,
        ];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += cross * term;
        }
    }
    if sums[0] == 0.0 {
        return Moments::default();
    }
    let sign = sums[0].signum();
    let divisors = [2.0, 6.0, 6.0, 12.0, 24.0, 12.0];
    let mut raw = [0.0; 6];
    for index in 0..6 {
        raw[index] = sign * sums[index] / divisors[index];
    }
    let [m00, m10, m01, m20, m11, m02] = raw;
    let (x, y) = (m10 / m00, m01 / m00);
    Moments {
        m00,
        m10,
        m01,
        mu20: m20 - m10 * x,
        mu11: m11 - m10 * y,
        mu02: m02 - m01 * y,
    }
}

/// Centre of gravity, truncated to the pixel; `None` for polygons without area, such as contours
/// of one or two pixels.
pub fn centroid(points: &[Point]) -> Option<Point> {
    let moments = moments(points);
    let inside = moments.m00 > 0.0;
    inside.then(|| {
        [
            (moments.m01 / moments.m00) as i32,
            (moments.m10 / moments.m00) as i32,
        ]
    })
}

/// Least rectangle that holds all points: `[y, x]` of its first pixel, and its height and width in
/// pixels; `None` without points.
pub fn bounding_box(points: &[Point]) -> Option<(Point, [u32; 2])> {
    let mut ends = [*points.first()?; 2];
    for point in points {
        for axis in 0..2 {
            ends[0][axis] = ends[0][axis].min(point[axis]);
            ends[1][axis] = ends[1][axis].max(point[axis]);
        }
    }
    let side = |axis: usize| ends[1][axis].abs_diff(ends[0][axis]).saturating_add(1);
    Some((ends[0], [side(0), side(1)]))
}
