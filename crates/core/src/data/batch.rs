//! Patches stacked into batches.

use std::collections::BTreeMap;

use ndarray::{Array4, Array5, ArrayView4, Axis, ShapeError, stack};

use super::Patch;

/// Patches that a network works on at once; `N` counts them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[N, C, Z, Y, X]`.
    pub source: Array5<f32>,
    /// `[N, C', Z, Y, X]`; classes and objects are whole numbers with C' = 1. Nothing where a
    /// framework learns from sources alone.
    pub target: Option<Array5<f32>>,
    /// How much each pixel counts, `[N, 1, Z, Y, X]`; all alike without it.
    pub weight: Option<Array5<f32>>,
    /// Further maps that steps have made, by name, `[N, C'', Z, Y, X]`.
    pub others: BTreeMap<&'static str, Array5<f32>>,
}

impl Batch {
    /// Stacks patches of one size and kind.
    pub(super) fn stack(patches: &[Patch]) -> Result<Self, ShapeError> {
        let join = |maps: Vec<&Array4<f32>>| {
            let views: Vec<ArrayView4<'_, f32>> = maps.into_iter().map(|map| map.view()).collect();
            stack(Axis(0), &views)
        };
        let optional = |map: fn(&Patch) -> Option<&Array4<f32>>| {
            let maps: Option<Vec<_>> = patches.iter().map(map).collect();
            maps.map(join).transpose()
        };
        let names = patches
            .first()
            .into_iter()
            .flat_map(|patch| patch.others.keys());
        let others = names.map(|name| {
            let maps = patches.iter().filter_map(|patch| patch.others.get(name));
            Ok((*name, join(maps.collect())?))
        });
        Ok(Self {
            source: join(patches.iter().map(|patch| &patch.source).collect())?,
            target: optional(|patch| patch.target.as_ref())?,
            weight: optional(|patch| patch.weight.as_ref())?,
            others: others.collect::<Result<_, _>>()?,
        })
    }

    /// The targets of a framework whose plan has them.
    ///
    /// # Panics
    ///
    /// If the plan has none: `Pairing::SourceOnly` and no step that makes them.
    pub fn target(&self) -> &Array5<f32> {
        let target = self.target.as_ref();
        target.expect("the framework's plan says that its patches have targets")
    }

    /// How many patches there are.
    pub fn len(&self) -> usize {
        self.source.dim().0
    }

    /// Whether there are no patches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
