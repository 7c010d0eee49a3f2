//! Scores of instance label maps.
//!
//! Everything derives from one [`OverlapTable`], counted in one pass over the pixels. Label 0 is
//! background; an object is all pixels of one label, connected or not.

mod aggregate;
mod assignment;
mod matching;
mod partition;
mod simplified;
mod table;

pub use aggregate::{Jaccard, SymmetricDice};
pub use matching::{AP_THRESHOLDS, DSB_THRESHOLDS, Matching};
pub use partition::{AdaptedRand, VariationOfInformation};
pub use simplified::{SimplifiedIou, border_labels, simplified_iou};
pub use table::{Object, Overlap, OverlapTable};

#[cfg(test)]
mod tests;
