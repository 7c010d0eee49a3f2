//! The two layouts of directories (TIFF and `BigTIFF`) in the two byte orders.

/// How numbers and directories are laid out in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) is_big_endian: bool,
    /// 64-bit offsets and counts.
    pub(super) is_big: bool,
}

impl Layout {
    pub(super) const LITTLE: Layout = Layout {
        is_big_endian: false,
        is_big: false,
    };

    /// The layout and the place of the first directory by the first bytes of a file; `None` if
    /// they are too few.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the bytes.
    pub(super) fn of(head: &[u8]) -> Result<Option<(Layout, u64)>, String> {
        let Some(start) = head.first_chunk::<4>() else {
            return Ok(None);
        };
        let (is_big_endian, is_big) = match start {
            b"II*\0" => (false, false),
            b"MM\0*" => (true, false),
            b"II+\0" => (false, true),
            b"MM\0+" => (true, true),
            _ => return Err("it does not begin as a TIFF file".to_owned()),
        };
        let layout = Layout {
            is_big_endian,
            is_big,
        };
        let place = if is_big { 8 } else { 4 };
        if head.len() < place + layout.offset_bytes() {
            return Ok(None);
        }
        if is_big && layout.number(&head[4..6]) != 8 {
            return Err(format!(
                "its offsets have {} bytes instead of 8",
                layout.number(&head[4..6])
            ));
        }
        let first = layout.number(&head[place..place + layout.offset_bytes()]);
        Ok(Some((layout, first)))
    }

    /// The unsigned number in 1 to 8 bytes.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let add = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        if self.is_big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }

    /// The size of an offset or count in bytes.
    pub(super) fn offset_bytes(self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    /// The size of the number of entries of a directory in bytes.
    pub(super) fn count_bytes(self) -> usize {
        if self.is_big { 8 } else { 2 }
    }

    /// The size of a directory entry in bytes.
    pub(super) fn entry_bytes(self) -> usize {
        4 + 2 * self.offset_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_orders_and_sizes() {
        let first = |head: &[u8]| Layout::of(head).map(|found| found.map(|(_, first)| first));
        assert_eq!(first(b"II*\0\x08\0\0\0"), Ok(Some(8)));
        assert_eq!(first(b"MM\0*\0\0\x01\0"), Ok(Some(256)));
        assert_eq!(first(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"), Ok(Some(16)));
        assert_eq!(first(b"II*\0\x08"), Ok(None));
        assert!(first(b"MM\0+\0\x04\0\0\0\0\0\0\0\0\0\0").is_err());
    }
}
