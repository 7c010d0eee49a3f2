//! Disjoint sets whose representative is their smallest member.

/// Sets over `0..n`. Joining always keeps the smaller root, so that the root of a set of runs is
/// its first run in raster order.
pub(crate) struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            parent: (0..count as u32).collect(),
        }
    }

    /// Adds so many sets of one member each.
    pub(crate) fn extend(&mut self, count: usize) {
        let from = self.parent.len() as u32;
        self.parent.extend(from..from + count as u32);
    }

    /// Adds the sets of another, numbered on from the last member.
    pub(super) fn append(&mut self, other: &Self) {
        let offset = self.parent.len() as u32;
        let moved = other.parent.iter().map(|parent| parent + offset);
        self.parent.extend(moved);
    }

    /// The smallest member of the set of `index`; halves the path on the way.
    pub(crate) fn root(&mut self, mut index: u32) -> u32 {
        while self.parent[index as usize] != index {
            let grandparent = self.parent[self.parent[index as usize] as usize];
            self.parent[index as usize] = grandparent;
            index = grandparent;
        }
        index
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high as usize] = low;
    }
}
