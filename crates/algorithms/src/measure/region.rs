//! Measures of labelled regions.

use ndarray::ArrayView2;

use crate::measure::labels::label_sizes;

/// Measures of one label of an image `Y X`, as scikit-image's `regionprops`.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The label.
    pub label: u32,
    /// Number of pixels.
    pub area: usize,
    /// First row and column, and those past the last: `[y0, x0, y1, x1]`.
    pub bounding_box: [usize; 4],
    /// Mean position of the pixels, `[y, x]`.
    pub centroid: [f64; 2],
    /// Length in pixels of the major axis of the ellipse with the same second moments; pixels count
    /// as points, so that of a single pixel is 0.
    pub major_axis: f64,
    /// Length of its minor axis.
    pub minor_axis: f64,
    /// Distance between its focal points over the length of its major axis.
    pub eccentricity: f64,
    /// Diameter of the circle of the same area.
    pub equivalent_diameter: f64,
    /// Share of the bounding box that the region covers.
    pub extent: f64,
    /// Length of the line through the centres of border pixels (Benkrid and Crookes 2000).
    pub perimeter: f64,
    /// Objects less holes; pixels that touch by a corner are connected.
    pub euler: i64,
}

/// Measures of every label above 0, by ascending label. Linear time.
pub fn region_properties(labels: &ArrayView2<'_, u32>) -> Vec<Region> {
    let sizes = label_sizes(labels);
    let known: Vec<u32> = sizes.keys().copied().collect();
    let mut sums: Vec<Sums> = sizes.values().map(|&area| Sums::new(area)).collect();
    let frame = Frame::new(labels, &known);
    for (index, (y, x)) in frame.pixels() {
        sums[index].locate(y, x);
    }
    for (index, (y, x)) in frame.pixels() {
        sums[index].spread(y, x);
        sums[index].perimeter += frame.border_length(y, x);
    }
    frame.count_quads(&mut sums);
    known
        .into_iter()
        .zip(sums)
        .map(|(label, sums)| sums.region(label))
        .collect()
}

/// What is added up of one region.
struct Sums {
    area: usize,
    bounds: [usize; 4],
    position: [f64; 2],
    /// Sums of `dy^2`, `dy dx` and `dx^2` about the centroid.
    spread: [f64; 3],
    perimeter: f64,
    /// Four times the Euler number.
    euler: i64,
}

impl Sums {
    fn new(area: usize) -> Self {
        Self {
            area,
            bounds: [usize::MAX, usize::MAX, 0, 0],
            position: [0.0; 2],
            spread: [0.0; 3],
            perimeter: 0.0,
            euler: 0,
        }
    }

    fn locate(&mut self, y: usize, x: usize) {
        let [y0, x0, y1, x1] = self.bounds;
        self.bounds = [y0.min(y), x0.min(x), y1.max(y + 1), x1.max(x + 1)];
        self.position[0] += y as f64;
        self.position[1] += x as f64;
    }

    fn centroid(&self) -> [f64; 2] {
        self.position.map(|sum| sum / self.area as f64)
    }

    fn spread(&mut self, y: usize, x: usize) {
        let center = self.centroid();
        let (dy, dx) = (y as f64 - center[0], x as f64 - center[1]);
        for (sum, product) in self.spread.iter_mut().zip([dy * dy, dy * dx, dx * dx]) {
            *sum += product;
        }
    }

    fn region(self, label: u32) -> Region {
        let area = self.area as f64;
        let [yy, yx, xx] = self.spread.map(|sum| sum / area);
        let half = f64::midpoint(yy, xx);
        let root = ((yy - xx) / 2.0).hypot(yx);
        let (major, minor) = (half + root, (half - root).max(0.0));
        let [y0, x0, y1, x1] = self.bounds;
        Region {
            label,
            area: self.area,
            bounding_box: self.bounds,
            centroid: self.centroid(),
            major_axis: 4.0 * major.sqrt(),
            minor_axis: 4.0 * minor.sqrt(),
            eccentricity: if major == 0.0 {
                0.0
            } else {
                (1.0 - minor / major).max(0.0).sqrt()
            },
            equivalent_diameter: (4.0 * area / std::f64::consts::PI).sqrt(),
            extent: area / ((y1 - y0) * (x1 - x0)) as f64,
            perimeter: self.perimeter,
            euler: self.euler / 4,
        }
    }
}

/// Position of each pixel's label among the known ones, from 1, within a frame of two pixels of
/// background.
struct Frame {
    numbers: Vec<u32>,
    stride: usize,
    shape: (usize, usize),
}

const FRAME: usize = 2;

impl Frame {
    fn new(labels: &ArrayView2<'_, u32>, known: &[u32]) -> Self {
        let shape = labels.dim();
        let stride = shape.1 + 2 * FRAME;
        let mut numbers = vec![0; stride * (shape.0 + 2 * FRAME)];
        let mut last = (0, 0);
        for ((y, x), &label) in labels.indexed_iter().filter(|&(_, &label)| label > 0) {
            if label != last.0 {
                let number = known.partition_point(|&other| other < label) + 1;
                last = (label, number as u32);
            }
            numbers[(y + FRAME) * stride + x + FRAME] = last.1;
        }
        Self {
            numbers,
            stride,
            shape,
        }
    }

    fn at(&self, y: usize, x: usize) -> usize {
        (y + FRAME) * self.stride + x + FRAME
    }

    /// Labelled pixels: position of the label, and `(y, x)`.
    fn pixels(&self) -> impl Iterator<Item = (usize, (usize, usize))> {
        let (height, width) = self.shape;
        (0..height).flat_map(move |y| {
            (0..width).filter_map(move |x| {
                let number = self.numbers[self.at(y, x)];
                (number > 0).then(|| (number as usize - 1, (y, x)))
            })
        })
    }

    /// Whether a pixel has a direct neighbour of another label.
    fn is_border(&self, at: usize) -> bool {
        let around = [at - self.stride, at - 1, at + 1, at + self.stride];
        around
            .into_iter()
            .any(|other| self.numbers[other] != self.numbers[at])
    }

    /// How much of the perimeter a pixel stands for, by the border pixels around it.
    fn border_length(&self, y: usize, x: usize) -> f64 {
        let at = self.at(y, x);
        if !self.is_border(at) {
            return 0.0;
        }
        let joins = |other: usize| self.numbers[other] == self.numbers[at] && self.is_border(other);
        let count = |around: [usize; 4]| around.into_iter().filter(|&other| joins(other)).count();
        let (above, below) = (at - self.stride, at + self.stride);
        let direct = count([above, at - 1, at + 1, below]);
        let diagonal = count([above - 1, above + 1, below - 1, below + 1]);
        match (direct, diagonal) {
            (2 | 3, 0..=2) => 1.0,
            (0, 2) | (1, 3) => std::f64::consts::SQRT_2,
            (1, 1 | 2) => f64::midpoint(1.0, std::f64::consts::SQRT_2),
            _ => 0.0,
        }
    }

    /// Adds what each square of 2 x 2 pixels says about the Euler number (Gray 1971).
    fn count_quads(&self, sums: &mut [Sums]) {
        let (height, width) = self.shape;
        for y in 0..=height {
            for x in 0..=width {
                let corner = (y + FRAME - 1) * self.stride + x + FRAME - 1;
                let below = corner + self.stride;
                let quad = [corner, corner + 1, below, below + 1].map(|at| self.numbers[at]);
                if quad.iter().all(|&number| number == quad[0]) {
                    continue;
                }
                for (index, &number) in quad.iter().enumerate() {
                    if number > 0 && !quad[..index].contains(&number) {
                        sums[number as usize - 1].euler += quarter(quad.map(|n| n == number));
                    }
                }
            }
        }
    }
}

/// Four times a square's share of the Euler number for 8-connected objects.
fn quarter(quad: [bool; 4]) -> i64 {
    match quad.iter().filter(|&&set| set).count() {
        1 => 1,
        3 => -1,
        2 if quad[0] == quad[3] => -2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
