//! Sparse maximum-weight assignment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// For each row the column it is assigned to, so that the sum of weights is largest; a row may
/// stay without one.
///
/// `rows[i]` lists the columns row i may take with their weights, which must not be negative.
/// Rows are added one at a time by the shortest augmenting path under potentials that keep reduced
/// costs non-negative. A path ends as soon as it meets a free column or a row that is better left
/// alone, so objects that overlap only their neighbours cost no more than their neighbourhood.
pub(super) fn maximum_assignment(
    rows: &[Vec<(usize, i128)>],
    columns: usize,
) -> Vec<Option<usize>> {
    let mut search = Search {
        rows,
        row_potential: rows.iter().map(|row| -largest(row)).collect(),
        column_potential: vec![0; columns],
        row_of: vec![None; columns],
        column_of: vec![None; rows.len()],
    };
    for row in 0..rows.len() {
        search.augment(row);
    }
    search.column_of
}

fn largest(row: &[(usize, i128)]) -> i128 {
    row.iter().map(|&(_, weight)| weight).max().unwrap_or(0)
}

/// Where a path goes next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// To a column.
    Column(usize),
    /// The row is left without a column.
    Alone,
}

struct Search<'a> {
    rows: &'a [Vec<(usize, i128)>],
    row_potential: Vec<i128>,
    column_potential: Vec<i128>,
    row_of: Vec<Option<usize>>,
    column_of: Vec<Option<usize>>,
}

impl Search<'_> {
    /// Adds a row by Dijkstra's algorithm over alternating paths.
    fn augment(&mut self, start: usize) {
        let mut open = BinaryHeap::new();
        // Columns whose distance is final, in order, with the row they were reached from.
        let mut reached: Vec<(usize, i128, usize)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        self.push_steps(start, 0, &mut open);
        while let Some(Reverse((distance, step, from))) = open.pop() {
            let Step::Column(column) = step else {
                self.update_potentials(start, distance, &reached);
                self.flip(start, None, from, &reached);
                return;
            };
            if !seen.insert(column) {
                continue;
            }
            let Some(next) = self.row_of[column] else {
                self.update_potentials(start, distance, &reached);
                self.flip(start, Some(column), from, &reached);
                return;
            };
            reached.push((column, distance, from));
            self.push_steps(next, distance, &mut open);
        }
    }

    fn push_steps(
        &self,
        row: usize,
        distance: i128,
        open: &mut BinaryHeap<Reverse<(i128, Step, usize)>>,
    ) {
        let base = distance - self.row_potential[row];
        for &(column, weight) in &self.rows[row] {
            let reduced = base - weight - self.column_potential[column];
            open.push(Reverse((reduced, Step::Column(column), row)));
        }
        open.push(Reverse((base, Step::Alone, row)));
    }

    fn update_potentials(&mut self, start: usize, end: i128, reached: &[(usize, i128, usize)]) {
        self.row_potential[start] += end;
        for &(column, distance, _) in reached {
            self.column_potential[column] += distance - end;
            if let Some(row) = self.row_of[column] {
                self.row_potential[row] += end - distance;
            }
        }
    }

    /// Hands each row on the path the column after it; `last` goes to row `from`.
    fn flip(
        &mut self,
        start: usize,
        last: Option<usize>,
        from: usize,
        reached: &[(usize, i128, usize)],
    ) {
        let (mut column, mut row) = (last, from);
        loop {
            let previous = self.column_of[row];
            self.column_of[row] = column;
            if let Some(column) = column {
                self.row_of[column] = Some(row);
            }
            if row == start {
                return;
            }
            let Some(&(_, _, earlier)) = reached.iter().find(|step| Some(step.0) == previous)
            else {
                return;
            };
            (column, row) = (previous, earlier);
        }
    }
}

#[cfg(test)]
mod tests {
    use pathfinding::kuhn_munkres::kuhn_munkres;
    use pathfinding::matrix::Matrix;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_agree_with_a_dense_solver(
            weights in prop::collection::vec(prop::collection::vec(0_i64..12, 7), 1..7),
        ) {
            let dense = Matrix::from_rows(weights.clone()).unwrap();
            let (expected, _) = kuhn_munkres(&dense);
            let sparse: Vec<Vec<(usize, i128)>> = weights
                .iter()
                .map(|row| {
                    let present = row.iter().enumerate().filter(|&(_, &weight)| weight > 3);
                    present.map(|(column, &weight)| (column, i128::from(weight))).collect()
                })
                .collect();
            let kept = Matrix::from_rows(
                weights.iter().map(|row| row.iter().map(|&w| if w > 3 { w } else { 0 }).collect::<Vec<_>>()),
            ).unwrap();
            let (expected_sparse, _) = kuhn_munkres(&kept);
            let full: Vec<Vec<(usize, i128)>> = weights
                .iter()
                .map(|row| row.iter().map(|&weight| i128::from(weight)).enumerate().collect())
                .collect();
            for (rows, expected) in [(sparse, expected_sparse), (full, expected)] {
                let found = maximum_assignment(&rows, 7);
                let mut used = std::collections::HashSet::new();
                let mut sum = 0;
                for (row, column) in found.iter().enumerate() {
                    let Some(column) = column else { continue };
                    prop_assert!(used.insert(*column));
                    sum += rows[row].iter().find(|(other, _)| other == column).unwrap().1;
                }
                prop_assert_eq!(sum, i128::from(expected));
            }
        }
    }
}
