//! Gathering of the rows of a matrix, as windows of tokens are made.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};

/// Which row of one matrix each row of another is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowMap {
    sources: Vec<u32>,
    /// How many rows there are to take from.
    count: usize,
}

impl RowMap {
    /// The row of zeros.
    pub const ZERO: u32 = u32::MAX;

    /// Row `i` of the result is row `sources[i]` of the `count` rows of the input, or zeros for
    /// [`Self::ZERO`].
    ///
    /// # Panics
    ///
    /// When there is no such row.
    pub fn new(sources: Vec<u32>, count: usize) -> Self {
        let exists = |&source: &u32| source == Self::ZERO || (source as usize) < count;
        assert!(sources.iter().all(exists), "rows of {count}");
        Self { sources, count }
    }

    /// From the result back to the input: where the rows of the input went. For maps that take every
    /// row once.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut sources = vec![Self::ZERO; self.count];
        for (to, &from) in self.sources.iter().enumerate() {
            if from != Self::ZERO {
                sources[from as usize] = to as u32;
            }
        }
        Self {
            sources,
            count: self.sources.len(),
        }
    }
}

/// Takes rows of a matrix, `[R, C]` to `[R', C]`.
///
/// # Panics
///
/// When the matrix has another number of rows than `map` takes from.
pub fn take_rows(matrix: Tensor<2>, map: &Arc<RowMap>) -> Tensor<2> {
    let [rows, channels] = matrix.dims();
    assert_eq!(rows, map.count, "rows of a matrix to take from");
    let device = matrix.device();
    let matrix = if map.sources.contains(&RowMap::ZERO) {
        let zeros = Tensor::zeros([1, channels], (&device, matrix.dtype()));
        Tensor::cat(vec![matrix, zeros], 0)
    } else {
        matrix
    };
    let sources = map.sources.iter().map(|&source| {
        let is_zero = source == RowMap::ZERO;
        if is_zero {
            rows as i64
        } else {
            i64::from(source)
        }
    });
    let sources: Vec<i64> = sources.collect();
    let data = TensorData::new(sources, [map.sources.len()]);
    matrix.select(0, Tensor::<1, Int>::from_data(data, &device))
}
