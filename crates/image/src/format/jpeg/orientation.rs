//! The orientation that a camera writes into a JPEG file.
//!
//! Source: CIPA DC-008 (Exif 2.32), tag 274.

const ORIENTATION: u16 = 0x0112;

/// The orientation in an application segment: 1 as stored, 2 to 8 mirrored or turned. `None` if
/// the segment does not hold one.
pub(super) fn orientation(segment: &[u8]) -> Option<u16> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk()?;
        Some(if is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let bytes = *tiff.get(4..)?.first_chunk()?;
    let directory = if is_little {
        u32::from_le_bytes(bytes)
    } else {
        u32::from_be_bytes(bytes)
    } as usize;
    (0..usize::from(short(directory)?))
        .map(|entry| directory + 2 + 12 * entry)
        .find(|&entry| short(entry) == Some(ORIENTATION))
        .and_then(|entry| short(entry + 8))
        .filter(|value| (1..=8).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_read_and_nonsense_is_not() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!(orientation(little), Some(6));
        assert_eq!(orientation(big), Some(8));
        for end in 0..little.len() - 3 {
            assert_eq!(orientation(&little[..end]), None, "{end}");
        }
        assert_eq!(orientation(b"Exif\0\0II*\0\xff\xff\xff\xff"), None);
        assert_eq!(orientation(b"http://ns.adobe.com/xap/1.0/\0"), None);
    }
}
