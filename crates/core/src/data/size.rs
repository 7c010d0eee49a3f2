//! Sizes along the axes of an image.

/// `[Z, Y, X]` of sizes along Y and X, where Z is 1, or along Z, Y and X; `None` for another number
/// of sizes.
pub(crate) fn size_zyx(sizes: &[usize]) -> Option<[usize; 3]> {
    match *sizes {
        [y, x] => Some([1, y, x]),
        [z, y, x] => Some([z, y, x]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_has_one_section() {
        assert_eq!(size_zyx(&[5, 7]), Some([1, 5, 7]));
        assert_eq!(size_zyx(&[3, 5, 7]), Some([3, 5, 7]));
        assert_eq!(size_zyx(&[5]), None);
    }
}
