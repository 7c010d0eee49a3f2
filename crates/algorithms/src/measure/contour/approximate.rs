//! Polygons of fewer vertices (Douglas and Peucker 1973).

use super::Point;

/// A closed polygon with fewer vertices that stays within `epsilon` pixels of this one, as OpenCV's
/// `approxPolyDP`.
///
/// It starts from two vertices far apart, keeps the farthest vertex of each stretch until none
/// is farther than `epsilon` from its chord, and drops vertices close to the line between their
/// neighbours at the end. A negative or NaN `epsilon` counts as 0.
pub fn approximate(points: &[Point], epsilon: f64) -> Vec<Point> {
    if points.is_empty() {
        return Vec::new();
    }
    let tolerance = epsilon.max(0.0).powi(2);
    let Some([first, second]) = far_apart(points, tolerance) else {
        return vec![points[start_of_search(points)]];
    };
    let count = points.len();
    let mut kept = Vec::new();
    // The stretch that comes first is split first.
    let mut open = vec![(second, first), (first, second)];
    while let Some((start, end)) = open.pop() {
        match farthest_from_chord(points, start, end, tolerance) {
            Some(middle) => open.extend([(middle % count, end), (start, middle % count)]),
            None => kept.push(points[start]),
        }
    }
    without_flat_vertices(&kept, tolerance)
}

fn difference(a: Point, b: Point) -> [f64; 2] {
    [
        f64::from(a[0]) - f64::from(b[0]),
        f64::from(a[1]) - f64::from(b[1]),
    ]
}

fn squared_distance(a: Point, b: Point) -> f64 {
    let [dy, dx] = difference(a, b);
    dx * dx + dy * dy
}

/// The first of the vertices farthest from vertex `from`, counted on from it, and how far it is.
fn farthest(points: &[Point], from: usize) -> (usize, f64) {
    let mut best = (0, 0.0);
    for step in 1..points.len() {
        let distance = squared_distance(points[(from + step) % points.len()], points[from]);
        if distance > best.1 {
            best = (step, distance);
        }
    }
    best
}

/// Where the third of three steps to the farthest vertex starts.
fn start_of_search(points: &[Point]) -> usize {
    (0..2).fold(0, |at, _| (at + farthest(points, at).0) % points.len())
}

/// Two far-apart vertices; `None` if all lie within the tolerance.
fn far_apart(points: &[Point], tolerance: f64) -> Option<[usize; 2]> {
    let start = start_of_search(points);
    let (step, distance) = farthest(points, start);
    (distance > tolerance).then(|| [start, (start + step) % points.len()])
}

/// The vertex of a stretch farthest from its chord, if it is beyond the tolerance.
fn farthest_from_chord(
    points: &[Point],
    start: usize,
    end: usize,
    tolerance: f64,
) -> Option<usize> {
    let length = squared_distance(points[start], points[end]);
    let mut best = (0, 0.0);
    let mut at = (start + 1) % points.len();
    while at != end {
        let distance = chord_distance(points[at], [points[start], points[end]], length);
        if distance > best.1 {
            best = (at, distance);
        }
        at = (at + 1) % points.len();
    }
    (best.1 > tolerance * length).then_some(best.0)
}

/// Squared distance from a chord, which ends at its ends, times its squared `length`.
fn chord_distance(point: Point, [start, end]: [Point; 2], length: f64) -> f64 {
    let [dy, dx] = difference(end, start);
    let [y, x] = difference(point, start);
    let along = x * dx + y * dy;
    if along < 0.0 {
        (x * x + y * y) * length
    } else if along > length {
        squared_distance(point, end) * length
    } else {
        (y * dx - x * dy).powi(2)
    }
}

/// Drops vertices within the tolerance of the line between their neighbours, as long as more than
/// two remain. After a drop the next vertex stays.
fn without_flat_vertices(kept: &[Point], tolerance: f64) -> Vec<Point> {
    let count = kept.len();
    let mut result = kept.to_vec();
    let (mut left, mut write, mut read, mut step) = (count, 0, 0, 0);
    let (mut before, mut vertex) = (kept[count - 1], kept[0]);
    while step < count && left > 2 {
        read = (read + 1) % count;
        // The last vertex's neighbour is the first of those that stayed.
        let after = result[read];
        if is_flat(before, vertex, after, tolerance) {
            left -= 1;
            (before, result[write]) = (after, after);
            read = (read + 1) % count;
            vertex = result[read];
            step += 2;
        } else {
            (before, result[write]) = (vertex, vertex);
            vertex = after;
            step += 1;
        }
        write = (write + 1) % count;
    }
    result.truncate(left);
    result
}

fn is_flat(before: Point, vertex: Point, after: Point, tolerance: f64) -> bool {
    let [dy, dx] = difference(after, before);
    let [y, x] = difference(vertex, before);
    let [next_y, next_x] = difference(after, vertex);
    let distance = (x * dy - y * dx).abs();
    let is_near = distance * distance <= 0.5 * tolerance * (dx * dx + dy * dy);
    is_near && dx != 0.0 && dy != 0.0 && x * next_x + y * next_y >= 0.0
}
