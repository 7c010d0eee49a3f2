//! Border following with the tree of what lies in what (Suzuki and Abe 1985).

use ndarray::ArrayView2;

use super::Point;
use crate::AlgorithmError;
use crate::sample::Sample;

/// Rows and columns of the eight neighbours, clockwise from the right.
const STEPS: [Point; 8] = [
    [0, 1],
    [1, 1],
    [1, 0],
    [1, -1],
    [0, -1],
    [-1, -1],
    [-1, 0],
    [-1, 1],
];
const RIGHT: usize = 0;
const LEFT: usize = 4;

/// The border between an 8-connected object and its 4-connected background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contour {
    /// Object pixels along the border, each a neighbour of the next; pixels of parts one pixel wide
    /// come twice. Outer borders run down their left side first, borders of holes the other way.
    pub points: Vec<Point>,
    /// Whether it is the border of a hole.
    pub is_hole: bool,
    /// Index of the border that encloses it.
    pub parent: Option<usize>,
}

impl Contour {
    /// The ends of its straight stretches: what OpenCV calls `CHAIN_APPROX_SIMPLE`.
    pub fn corners(&self) -> Vec<Point> {
        let count = self.points.len();
        let step = |from: usize, to: usize| {
            let (a, b) = (self.points[from], self.points[to]);
            [b[0] - a[0], b[1] - a[1]]
        };
        let is_corner = |&index: &usize| {
            let (before, after) = ((index + count - 1) % count, (index + 1) % count);
            count == 1 || step(before, index) != step(index, after)
        };
        let corners = (0..count).filter(is_corner);
        corners.map(|index| self.points[index]).collect()
    }
}

/// All borders of the non-zero pixels of an image, as OpenCV's `findContours` with `RETR_TREE` and
/// `CHAIN_APPROX_NONE`, in its order: a border comes before those inside it, later siblings in
/// raster order before earlier ones. The image is surrounded by background.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for an image of 2^31 or more pixels along an axis.
pub fn find_contours<S: Sample + Default>(
    image: &ArrayView2<'_, S>,
) -> Result<Vec<Contour>, AlgorithmError> {
    if let Some(&length) = image.shape().iter().find(|&&n| n >= i32::MAX as usize) {
        let expected = "below 2147483647 pixels";
        return Err(AlgorithmError::parameter(
            "the image's length",
            length,
            expected,
        ));
    }
    let mut tracer = Tracer::new(image);
    for y in 1..=image.nrows() {
        tracer.scan_row(y);
    }
    Ok(in_tree_order(&tracer.contours))
}

/// For each contour: next sibling, previous sibling, first child, parent; -1 for none.
pub fn hierarchy(contours: &[Contour]) -> Vec<[i32; 4]> {
    let mut links = vec![[-1; 4]; contours.len()];
    let mut last_child: Vec<Option<usize>> = vec![None; contours.len() + 1];
    for (index, contour) in contours.iter().enumerate() {
        let parent = contour.parent.filter(|&parent| parent < contours.len());
        let slot = parent.unwrap_or(contours.len());
        if let Some(sibling) = last_child[slot].replace(index) {
            links[sibling][0] = index as i32;
            links[index][1] = sibling as i32;
        } else if let Some(parent) = parent {
            links[parent][2] = index as i32;
        }
        links[index][3] = parent.map_or(-1, |parent| parent as i32);
    }
    links
}

/// The image with a frame of background, in which followed borders leave their number: 0 is
/// background, 1 an object's pixel on no border yet, border k is `k + 2`, negative where the pixel
/// to the right is background.
struct Tracer {
    marks: Vec<i32>,
    stride: usize,
    contours: Vec<Contour>,
}

impl Tracer {
    fn new<S: Sample + Default>(image: &ArrayView2<'_, S>) -> Self {
        let stride = image.ncols() + 2;
        let mut marks = vec![0; stride * (image.nrows() + 2)];
        for (row, marks) in image
            .rows()
            .into_iter()
            .zip(marks[stride..].chunks_mut(stride))
        {
            for (mark, &value) in marks[1..].iter_mut().zip(row) {
                *mark = i32::from(value != S::default());
            }
        }
        Self {
            marks,
            stride,
            contours: Vec::new(),
        }
    }

    fn scan_row(&mut self, y: usize) {
        // The border met last on this row; none is the frame.
        let mut last: Option<usize> = None;
        for x in 1..self.stride - 1 {
            let at = y * self.stride + x;
            let mark = self.marks[at];
            if mark == 0 {
                continue;
            }
            let starts_outer = mark == 1 && self.marks[at - 1] == 0;
            let starts_hole = mark >= 1 && self.marks[at + 1] == 0;
            if starts_outer || starts_hole {
                if !starts_outer && mark > 1 {
                    last = Some(mark as usize - 2);
                }
                let is_hole = !starts_outer;
                let parent = self.parent(last, is_hole);
                let points = self.follow(at, is_hole);
                self.contours.push(Contour {
                    points,
                    is_hole,
                    parent,
                });
            }
            let mark = self.marks[at].unsigned_abs() as usize;
            if mark > 1 {
                last = Some(mark - 2);
            }
        }
    }

    /// Two borders of the same kind side by side have the same parent.
    fn parent(&self, last: Option<usize>, is_hole: bool) -> Option<usize> {
        let last = last?;
        if self.contours[last].is_hole == is_hole {
            self.contours[last].parent
        } else {
            Some(last)
        }
    }

    fn follow(&mut self, start: usize, is_hole: bool) -> Vec<Point> {
        let number = self.contours.len() as i32 + 2;
        let from = if is_hole { RIGHT } else { LEFT };
        let first = (1..8).map(|turn| (from + turn) % 8);
        let Some(mut back) = first
            .into_iter()
            .find(|&step| self.marks[self.neighbour(start, step)] != 0)
        else {
            self.marks[start] = -number;
            return vec![self.point(start)];
        };
        let last = self.neighbour(start, back);
        let mut points = Vec::new();
        let mut at = start;
        loop {
            let mut open_right = false;
            let mut step = back;
            let next = loop {
                step = (step + 7) % 8;
                let neighbour = self.neighbour(at, step);
                if self.marks[neighbour] != 0 {
                    break neighbour;
                }
                open_right |= step == RIGHT;
            };
            if open_right {
                self.marks[at] = -number;
            } else if self.marks[at] == 1 {
                self.marks[at] = number;
            }
            points.push(self.point(at));
            if next == start && at == last {
                return points;
            }
            back = (step + 4) % 8;
            at = next;
        }
    }

    fn neighbour(&self, at: usize, step: usize) -> usize {
        let [dy, dx] = STEPS[step];
        (at as isize + dy as isize * self.stride as isize + dx as isize) as usize
    }

    fn point(&self, at: usize) -> Point {
        [(at / self.stride) as i32 - 1, (at % self.stride) as i32 - 1]
    }
}

/// Sorts contours from raster order into that of a walk down the tree.
fn in_tree_order(found: &[Contour]) -> Vec<Contour> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); found.len()];
    let mut open = Vec::new();
    for (index, contour) in found.iter().enumerate() {
        match contour.parent {
            Some(parent) => children[parent].push(index),
            None => open.push(index),
        }
    }
    let mut places = vec![0; found.len()];
    let mut ordered: Vec<Contour> = Vec::with_capacity(found.len());
    while let Some(index) = open.pop() {
        places[index] = ordered.len();
        let parent = found[index].parent.map(|parent| places[parent]);
        ordered.push(Contour {
            parent,
            ..found[index].clone()
        });
        open.append(&mut children[index]);
    }
    ordered
}
