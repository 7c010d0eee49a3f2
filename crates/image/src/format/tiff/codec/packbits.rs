//! The run lengths of TIFF 6.0, section 9.

use super::{Fault, ends_early};

/// Unpacks until `out` is full.
pub(super) fn unpack(mut packed: &[u8], mut out: &mut [u8]) -> Result<(), Fault> {
    while !out.is_empty() {
        let (&head, rest) = packed.split_first().ok_or_else(ends_early)?;
        let length = match head {
            0..=127 => usize::from(head) + 1,
            128 => 0,
            129..=255 => 257 - usize::from(head),
        };
        // The last run may go beyond the last pixel.
        let (run, others) = out.split_at_mut(length.min(out.len()));
        packed = match head {
            0..=127 => {
                run.copy_from_slice(rest.get(..run.len()).ok_or_else(ends_early)?);
                rest.get(length..).unwrap_or_default()
            }
            128 => rest,
            129..=255 => {
                let (&value, rest) = rest.split_first().ok_or_else(ends_early)?;
                run.fill(value);
                rest
            }
        };
        out = others;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7,
            0xaa,
        ];
        let mut out = [0; 24];
        assert_eq!(unpack(&packed, &mut out), Ok(()));
        assert_eq!(
            out[..10],
            [0xaa, 0xaa, 0xaa, 0x80, 0, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa]
        );
        assert_eq!(unpack(&packed[..5], &mut out), Err(ends_early()));
        assert_eq!(unpack(&[128], &mut out), Err(ends_early()));
    }
}
