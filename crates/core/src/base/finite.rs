//! Looking for values that are no numbers.

use ndarray::Array4;

/// The values of an image that are NaN or infinite.
pub(crate) struct NotFinite {
    /// How many there are, at least one.
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) value: f32,
    /// Where that is, `[c, z, y, x]`.
    pub(crate) index: [usize; 4],
}

impl NotFinite {
    /// Searches an image `[C, Z, Y, X]`; `None` if all values are finite.
    pub(crate) fn find(image: &Array4<f32>) -> Option<Self> {
        // Nearly always all are; the plain search is several times faster than the indexed one.
        if image.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut found = image.indexed_iter().filter(|(_, value)| !value.is_finite());
        let (index, &value) = found.next()?;
        Some(Self {
            count: 1 + found.count(),
            value,
            index: index.into(),
        })
    }
}
