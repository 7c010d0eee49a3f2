//! Sizes along the axes of an image, as options give them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NetworkError, NetworkIo};

/// A size along the axes of an image: one number for all of them, `[y, x]`, or `[z, y, x]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Extent {
    /// The same along every axis of the image.
    All(usize),
    /// Along `[y, x]`.
    Plane([usize; 2]),
    /// Along `[z, y, x]`.
    Stack([usize; 3]),
}

impl Extent {
    /// `[Z, Y, X]` of a list of sizes `[y, x]` or `[z, y, x]`, 1 along Z in the first case; `None` for
    /// another number of sizes.
    ///
    /// ```
    /// use coverslip_nets::build::Extent;
    ///
    /// assert_eq!(Extent::zyx(&[96, 128]), Some([1, 96, 128]));
    /// assert_eq!(Extent::zyx(&[16, 96, 128]), Some([16, 96, 128]));
    /// assert_eq!(Extent::zyx(&[96]), None);
    /// ```
    pub fn zyx(sizes: &[usize]) -> Option<[usize; 3]> {
        match *sizes {
            [y, x] => Some([1, y, x]),
            [z, y, x] => Some([z, y, x]),
            _ => None,
        }
    }

    /// `[Z, Y, X]`, 1 along Z for 2D images.
    ///
    /// # Errors
    ///
    /// When a size is 0, a stack is given two sizes, or a 2D image a size along Z other than 1;
    /// `key` is the option that the message names.
    pub fn resolve(self, key: &'static str, io: NetworkIo) -> Result<[usize; 3], NetworkError> {
        let fault = |problem| Err(NetworkError::new(key, problem));
        let sizes = match (self, io.dimensions) {
            (Self::All(size), 2) => [1, size, size],
            (Self::All(size), _) => [size; 3],
            (Self::Plane([y, x]), 2) => [1, y, x],
            (Self::Plane(sizes), _) => {
                return fault(format!(
                    "{sizes:?} needs a third size, [z, y, x], for stacks"
                ));
            }
            (Self::Stack(sizes), dimensions) => {
                if dimensions == 2 && sizes[0] != 1 {
                    return fault(format!("{sizes:?} must begin with 1 (z) for 2D images"));
                }
                sizes
            }
        };
        if sizes.contains(&0) {
            return fault(format!(
                "{sizes:?} contains 0; every size must be at least 1"
            ));
        }
        Ok(sizes)
    }

    /// [`Self::resolve`] for a list with one entry for each of `count` levels.
    ///
    /// # Errors
    ///
    /// Also when there is another number of entries.
    pub fn resolve_levels(
        levels: &[Self],
        count: usize,
        key: &'static str,
        io: NetworkIo,
    ) -> Result<Vec<[usize; 3]>, NetworkError> {
        if levels.len() != count {
            let problem = format!("expected {count} entries, found {}", levels.len());
            return Err(NetworkError::new(key, problem));
        }
        levels.iter().map(|level| level.resolve(key, io)).collect()
    }
}
