//! Points at random that keep a distance.

use rand::{Rng, RngExt};

/// How often a neighbour of a point is tried (Bridson 2007).
const TRIES: usize = 30;

/// Points `Y X` on a canvas, no two closer than `radius`, until hardly any more fit (Bridson's
/// algorithm).
pub(super) fn poisson_disc(canvas: [f64; 2], radius: f64, random: &mut impl Rng) -> Vec<[f64; 2]> {
    let mut grid = Grid::new(canvas, radius);
    let first = canvas.map(|length| random.random::<f64>() * length);
    grid.add(first);
    let mut active = vec![0];
    while !active.is_empty() {
        let chosen = random.random_range(0..active.len());
        let [y, x] = grid.points[active[chosen]];
        let next = (0..TRIES).find_map(|_| {
            let angle = random.random::<f64>() * std::f64::consts::TAU;
            let distance = radius * (1.0 + 3.0 * random.random::<f64>()).sqrt();
            let point = [y + distance * angle.sin(), x + distance * angle.cos()];
            grid.is_free(point).then_some(point)
        });
        match next {
            Some(point) => {
                active.push(grid.points.len());
                grid.add(point);
            }
            None => {
                active.swap_remove(chosen);
            }
        }
    }
    grid.points
}

/// Points by cells so small that each has one at most.
struct Grid {
    canvas: [f64; 2],
    radius: f64,
    columns: usize,
    cells: Vec<Option<usize>>,
    points: Vec<[f64; 2]>,
}

impl Grid {
    fn new(canvas: [f64; 2], radius: f64) -> Self {
        let count = |length: f64| (length / radius * std::f64::consts::SQRT_2) as usize + 1;
        let columns = count(canvas[1]);
        Self {
            canvas,
            radius,
            columns,
            cells: vec![None; count(canvas[0]) * columns],
            points: Vec::new(),
        }
    }

    fn cell(&self, point: [f64; 2]) -> [usize; 2] {
        point.map(|place| (place / self.radius * std::f64::consts::SQRT_2) as usize)
    }

    fn is_free(&self, point: [f64; 2]) -> bool {
        if !(0..2).all(|axis| (0.0..self.canvas[axis]).contains(&point[axis])) {
            return false;
        }
        let [row, column] = self.cell(point);
        let rows = self.cells.len() / self.columns;
        let near = |at: usize, end: usize| at.saturating_sub(2)..(at + 3).min(end);
        near(row, rows).all(|row| {
            near(column, self.columns).all(|column| {
                self.cells[row * self.columns + column].is_none_or(|index| {
                    let [y, x] = self.points[index];
                    (y - point[0]).hypot(x - point[1]) >= self.radius
                })
            })
        })
    }

    fn add(&mut self, point: [f64; 2]) {
        let [row, column] = self.cell(point);
        let rows = self.cells.len() / self.columns;
        let at = row.min(rows - 1) * self.columns + column.min(self.columns - 1);
        self.cells[at] = Some(self.points.len());
        self.points.push(point);
    }
}
