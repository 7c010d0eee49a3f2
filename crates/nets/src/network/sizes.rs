//! The image sizes that a network accepts.

/// The sizes a network accepts, and how far a pixel of its input reaches.
///
/// ```
/// use coverslip_nets::SizeRule;
///
/// let sizes = SizeRule::multiples_of([1, 16, 16]);
/// assert!(sizes.accepts([1, 64, 32]));
/// assert_eq!(sizes.fit([1, 50, 50]), [1, 64, 64]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRule {
    /// Sizes along `[Z, Y, X]` must be multiples of these: the network's total stride.
    pub multiple: [usize; 3],
    /// The least sizes along `[Z, Y, X]`.
    pub least: [usize; 3],
    /// Whether sizes that are no multiples can be computed too, because the network fits its maps to
    /// each other; only tiles of such sizes do not agree with the whole image.
    pub fits_any: bool,
    /// The one size `[Z, Y, X]` that the network was built for, if it takes no other.
    pub fixed: Option<[usize; 3]>,
    /// An output pixel at least this far from the edge does not see beyond it, along `[Z, Y, X]`;
    /// `None` when every output pixel sees the whole input (instance normalisation).
    pub margin: Option<[usize; 3]>,
}

impl SizeRule {
    /// Any multiples of these sizes; every output pixel may see the whole input.
    pub fn multiples_of(multiple: [usize; 3]) -> Self {
        Self {
            multiple,
            least: [1; 3],
            fits_any: false,
            fixed: None,
            margin: None,
        }
    }

    /// The same with least sizes.
    pub fn at_least(self, least: [usize; 3]) -> Self {
        Self { least, ..self }
    }

    /// The same for a network that computes other sizes too; see [`Self::fits_any`].
    pub fn fitting_any(self) -> Self {
        let fits_any = true;
        Self { fits_any, ..self }
    }

    /// The same for one size only.
    pub fn fixed(self, size: [usize; 3]) -> Self {
        let fixed = Some(size);
        Self { fixed, ..self }
    }

    /// The same with a margin; see [`Self::margin`].
    pub fn with_margin(self, margin: [usize; 3]) -> Self {
        let margin = Some(margin);
        Self { margin, ..self }
    }

    /// The smallest size that the network accepts and an image of `size` fits into; the fixed size
    /// where there is one.
    pub fn fit(&self, size: [usize; 3]) -> [usize; 3] {
        self.fixed.unwrap_or_else(|| {
            [0, 1, 2].map(|axis| {
                let size = size[axis].max(self.least[axis]).max(1);
                size.next_multiple_of(self.multiple[axis])
            })
        })
    }

    /// Whether the network can compute images of `size`. One that fits its maps to each other still
    /// needs a pixel at its coarsest level.
    pub fn accepts(&self, size: [usize; 3]) -> bool {
        let is_large = |least: [usize; 3]| (0..3).all(|axis| size[axis] >= least[axis]);
        self.fit(size) == size || self.fits_any && is_large(self.least) && is_large(self.multiple)
    }
}

impl std::fmt::Display for SizeRule {
    /// What is allowed, in words.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(size) = self.fixed {
            return write!(formatter, "{size:?} (z, y, x) only");
        }
        if self.fits_any {
            let least = [0, 1, 2].map(|axis| self.least[axis].max(self.multiple[axis]));
            return write!(formatter, "{least:?} (z, y, x) and larger");
        }
        write!(formatter, "multiples of {:?} (z, y, x)", self.multiple)?;
        if self.least != [1; 3] {
            write!(formatter, ", at least {:?}", self.least)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        let rule = SizeRule::multiples_of([1, 8, 8]).at_least([1, 20, 1]);
        assert_eq!(rule.fit([3, 5, 17]), [3, 24, 24]);
        assert!(rule.accepts([1, 24, 8]) && !rule.accepts([1, 16, 8]));
        assert_eq!(
            rule.to_string(),
            "multiples of [1, 8, 8] (z, y, x), at least [1, 20, 1]"
        );
        let fixed = rule.fixed([1, 32, 32]);
        assert_eq!(fixed.fit([1, 5, 5]), [1, 32, 32]);
        assert!(!fixed.accepts([1, 24, 24]));
        let fitting = SizeRule::multiples_of([1, 8, 8]).fitting_any();
        assert!(fitting.accepts([1, 9, 8]) && !fitting.accepts([1, 7, 8]));
        assert_eq!(fitting.to_string(), "[1, 8, 8] (z, y, x) and larger");
    }
}
