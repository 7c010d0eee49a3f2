//! The compressor that blosc brings along: matches and literal runs, much like LZ77.

/// Distances from here on take two more bytes.
const FAR: usize = 8191;

/// Unpacks a block into exactly `length` bytes; `None` if it is damaged.
pub(super) fn decode(from: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = from.iter().copied();
    let mut to: Vec<u8> = Vec::with_capacity(length);
    let mut control = bytes.next()? & 31;
    loop {
        if control < 32 {
            for _ in 0..=control {
                to.push(bytes.next()?);
            }
        } else {
            let mut count = usize::from(control >> 5) + 2;
            if count == 9 {
                loop {
                    let more = bytes.next()?;
                    count += usize::from(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            let high = usize::from(control & 31) << 8;
            let low = bytes.next()?;
            let distance = if low == 255 && high == 31 << 8 {
                FAR + usize::from(bytes.next()?) * 256 + usize::from(bytes.next()?)
            } else {
                high + usize::from(low)
            };
            let start = to.len().checked_sub(distance + 1)?;
            if count > length.checked_sub(to.len())? {
                return None;
            }
            // The match may overlap what it produces.
            for position in start..start + count {
                to.push(to[position]);
            }
        }
        if to.len() > length {
            return None;
        }
        match bytes.next() {
            Some(next) => control = next,
            None => return (to.len() == length).then_some(to),
        }
    }
}
