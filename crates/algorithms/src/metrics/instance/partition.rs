//! Comparison of two label maps as partitions of the pixels.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::OverlapTable;

/// Adapted Rand error (SNEMI3D), over the pixels where the truth is not background.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AdaptedRand {
    /// One minus the F score of the two below.
    pub error: f64,
    /// Of the pixel pairs that are together in the truth, the share together in both.
    pub precision: f64,
    /// Of the pixel pairs that are together in the prediction, the share together in both.
    pub recall: f64,
}

/// Conditional entropies in bits; background counts as a segment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VariationOfInformation {
    /// Entropy of the prediction given the truth: objects that were split.
    pub splits: f64,
    /// Entropy of the truth given the prediction: objects that were merged.
    pub merges: f64,
}

impl OverlapTable {
    /// Adapted Rand error, with the names of scikit-image. NaN where no two pixels share a segment.
    pub fn adapted_rand(&self) -> AdaptedRand {
        let foreground = || self.cells().iter().filter(|([truth, _], _)| *truth > 0);
        let pairs = |count: u64| count as f64 * (count as f64 - 1.0);
        let together = |side| {
            totals(foreground(), side)
                .into_values()
                .map(pairs)
                .sum::<f64>()
        };
        let both: f64 = foreground().map(|&(_, count)| pairs(count)).sum();
        let (truth, prediction) = (together(0), together(1));
        AdaptedRand {
            error: 1.0 - 2.0 * both / (truth + prediction),
            precision: both / truth,
            recall: both / prediction,
        }
    }

    /// Variation of information in its two halves. NaN for images without pixels.
    pub fn variation_of_information(&self) -> VariationOfInformation {
        let pixels: u64 = self.cells().iter().map(|(_, count)| count).sum();
        let conditional = |side: usize| {
            let totals = totals(self.cells().iter(), side);
            let terms = self.cells().iter().map(|(labels, count)| {
                let total = totals.get(&labels[side]).copied().unwrap_or(*count);
                *count as f64 / pixels as f64 * (total as f64 / *count as f64).log2()
            });
            if pixels == 0 { f64::NAN } else { terms.sum() }
        };
        VariationOfInformation {
            splits: conditional(0),
            merges: conditional(1),
        }
    }
}

/// Pixels of each label of one side.
fn totals<'a>(cells: impl Iterator<Item = &'a ([u32; 2], u64)>, side: usize) -> BTreeMap<u32, u64> {
    let mut totals = BTreeMap::new();
    for (labels, count) in cells {
        *totals.entry(labels[side]).or_insert(0) += count;
    }
    totals
}
