//! Where the input of each box comes from.
//!
//! A trace of layers tells sizes, not sources; a source is found by its size, where only one is of it.

use super::{blocks::Block, map::Map};

/// What happens on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Nothing.
    Flow,
    /// The map is reduced, by pooling.
    Pooled,
    /// The map is enlarged, by interpolation.
    Enlarged,
    /// The map joins another one along the channels.
    Skip,
}

/// A line from one box to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Kind,
}

/// The lines of a network; there is none to a box whose source its size does not tell.
pub(super) fn links(blocks: &[Block]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut search = Search {
        blocks,
        is_used: vec![false; blocks.len()],
    };
    for to in 1..blocks.len() {
        for (from, kind) in search.sources(to) {
            search.is_used[from] = true;
            links.push(Link { from, to, kind });
        }
    }
    links
}

/// Whether two maps are of one size but for a border that a convolution adds or takes away.
fn has_border(a: &Map, b: &Map) -> bool {
    a.pixels < 2 * b.pixels && b.pixels < 2 * a.pixels
}

struct Search<'a> {
    blocks: &'a [Block],
    /// Whether a later box takes what a box gives.
    is_used: Vec<bool>,
}

impl Search<'_> {
    fn sources(&self, to: usize) -> Vec<(usize, Kind)> {
        let wanted = &self.blocks[to].input;
        let last = to - 1;
        if self.output(last).equals(wanted) {
            return vec![(last, Kind::Flow)];
        }
        self.joined(to).unwrap_or_else(|| {
            let is_equal = |block: usize| self.output(block).equals(wanted);
            let rearranged = || (self.output(last).numbers() == wanted.numbers()).then_some(last);
            let resized = || {
                let is_alike = |map: &Map| map.channels == wanted.channels;
                let larger = |map: &Map| is_alike(map) && map.pixels > wanted.pixels;
                let is_near = |map: &Map| is_alike(map) && has_border(map, wanted);
                let nearest = self.output(last);
                let nearest = (is_near(nearest) || larger(nearest)).then_some(last);
                nearest
                    .or_else(|| self.found(to, |block| larger(self.output(block))))
                    .or_else(|| is_alike(self.output(last)).then_some(last))
            };
            let from = if (0..to).any(is_equal) {
                self.found(to, is_equal)
            } else {
                rearranged().or_else(resized)
            };
            from.map(|from| (from, self.way(from, wanted)))
                .into_iter()
                .collect()
        })
    }

    /// Two maps that have the wanted channels together, or the last alone if sizes do not tell the other.
    fn joined(&self, to: usize) -> Option<Vec<(usize, Kind)>> {
        let wanted = &self.blocks[to].input;
        let last = to - 1;
        let earlier = (0..last).rev();
        let earlier = earlier.filter(|&one| self.output(one).pixels == wanted.pixels);
        std::iter::once(last).chain(earlier).find_map(|one| {
            let rest = wanted.channels.checked_sub(self.output(one).channels)?;
            let fits = |block: usize| {
                let map = self.output(block);
                let is_other = block != one && block != last;
                is_other && (map.channels, map.pixels) == (rest, wanted.pixels)
            };
            let other = self.found(to, fits);
            if other.is_none() && (one != last || !(0..to).any(fits)) {
                return None;
            }
            let mut sources = vec![(one, self.way(one, wanted))];
            sources.extend(other.map(|other| (other, Kind::Skip)));
            // What gates one of the maps is of their size and goes nowhere else.
            let is_gate = self.output(last).pixels == wanted.pixels && !self.is_used[last];
            if is_gate && one != last {
                sources.push((last, Kind::Flow));
            }
            Some(sources)
        })
    }

    /// The box before `to` whose output fits: the latest that nothing takes yet, else the only one there
    /// is, else the latest of the same list of layers. Where none of these is, sizes cannot tell.
    fn found(&self, to: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..to).rev().filter(|&one| fits(one)).collect();
        let unused = fitting.iter().find(|&&one| !self.is_used[one]);
        if let (None, &[only]) = (unused, fitting.as_slice()) {
            return Some(only);
        }
        let list = |block: usize| self.blocks[block].name.rsplit_once('.').map(|pair| pair.0);
        let is_listed = |&&one: &&usize| list(one).is_some() && list(one) == list(to);
        unused.or_else(|| fitting.iter().find(is_listed)).copied()
    }

    fn way(&self, from: usize, wanted: &Map) -> Kind {
        let given = self.output(from);
        if given.numbers() == wanted.numbers() || has_border(given, wanted) {
            Kind::Flow
        } else if given.pixels > wanted.pixels {
            Kind::Pooled
        } else {
            Kind::Enlarged
        }
    }

    fn output(&self, block: usize) -> &Map {
        &self.blocks[block].output
    }
}
