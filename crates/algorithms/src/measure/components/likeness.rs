//! When neighbouring pixels belong to one component.

use crate::sample::Sample;

/// Whether neighbours of two non-zero values join.
pub(super) trait Likeness<T>: Sync {
    /// Whether one pixel of a run speaks for all of it.
    const IS_EQUALITY: bool;
    fn is_alike(&self, a: T, b: T) -> bool;
}

/// Equal values join.
pub(super) struct Equal;

impl<T: PartialEq> Likeness<T> for Equal {
    const IS_EQUALITY: bool = true;
    #[inline(always)]
    fn is_alike(&self, a: T, b: T) -> bool {
        a == b
    }
}

/// Values that differ by at most this much join.
pub(super) struct Within(pub(super) f64);

impl<T: Sample> Likeness<T> for Within {
    const IS_EQUALITY: bool = false;
    #[inline(always)]
    fn is_alike(&self, a: T, b: T) -> bool {
        (a.to_f64() - b.to_f64()).abs() <= self.0
    }
}
