//! What is written about an image for ImageJ.

use std::fmt::Write as _;

use super::plan::Plan;
use crate::format::tiff::imagej::{Blocks, CHANNEL_NAMES};
use crate::sink::Target;

/// ImageJ's description.
pub(super) fn imagej(target: &Target, plan: &Plan) -> String {
    let [t, c, z] = plan.lengths;
    let metadata = &target.metadata;
    let mut lines = vec!["ImageJ=1.11a".to_owned(), format!("images={}", t * c * z)];
    let counts = [("channels", c), ("slices", z), ("frames", t)];
    lines.extend(
        counts
            .iter()
            .filter(|(_, n)| *n > 1)
            .map(|(name, n)| format!("{name}={n}")),
    );
    if t * c * z > 1 {
        lines.push("hyperstack=true".to_owned());
        let mode = if c > 1 { "composite" } else { "grayscale" };
        lines.push(format!("mode={mode}"));
    }
    let size = metadata.pixel_size.plausible();
    if size.x.is_some() && size.y.is_some() || size.z.is_some() {
        lines.push("unit=micron".to_owned());
    }
    lines.extend(size.z.map(|z| format!("spacing={z}")));
    lines.extend(metadata.time_step.map(|step| format!("finterval={step}")));
    let names = metadata.channel_names();
    if plan.samples == 1 && !names.is_empty() {
        lines.push(format!("{CHANNEL_NAMES}={}", ascii_json(&names)));
    }
    if let [channel] = &metadata.channels[..]
        && let Some([min, max]) = channel.window
    {
        lines.push(format!("min={min}\nmax={max}"));
    }
    lines.push("loop=false\n".to_owned());
    lines.join("\n")
}

/// ImageJ's private fields for the display of channels.
pub(super) fn imagej_blocks(target: &Target, plan: &Plan) -> Option<(Vec<u32>, Vec<u8>)> {
    let channels = &target.metadata.channels;
    if plan.samples > 1 || channels.len() < 2 {
        return None;
    }
    let blocks = Blocks {
        windows: channels
            .iter()
            .map(|channel| channel.window)
            .collect::<Option<_>>()
            .unwrap_or_default(),
        colours: channels
            .iter()
            .map(|channel| channel.color)
            .collect::<Option<_>>()
            .unwrap_or_default(),
    };
    blocks.encode()
}

/// A JSON list with everything beyond ASCII escaped, as TIFF texts require.
fn ascii_json(names: &[&str]) -> String {
    let text = serde_json::Value::from(names).to_string();
    let mut ascii = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
            _ => {
                // Writing into a text cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// Pixels per unit as the fraction of 32-bit numbers that is nearest to a pixel size.
///
/// Continued fractions: each step adds the next whole part until a number grows too large.
pub(super) fn resolution(size: f64) -> [u32; 2] {
    let (mut n, mut d) = (1u64, 0u64);
    let (mut last_n, mut last_d) = (0u64, 1u64);
    let mut rest = size;
    for _ in 0..32 {
        let whole = rest.floor();
        if !(0.0..=f64::from(u32::MAX)).contains(&whole) {
            break;
        }
        let next_n = whole as u64 * n + last_n;
        let next_d = whole as u64 * d + last_d;
        if next_n > u64::from(u32::MAX) || next_d > u64::from(u32::MAX) {
            break;
        }
        (last_n, last_d, n, d) = (n, d, next_n, next_d);
        if (n as f64 / d as f64 - size).abs() <= size * 1e-12 {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    // The fraction is of the size, the file wants its inverse.
    [d as u32, n.max(1) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_sizes_survive_as_fractions() {
        for size in [0.25, 0.1083333, 1.0, 0.0000123, 25.4 / 3.0, 1e6, 0.325] {
            let [n, d] = resolution(size);
            let back = f64::from(d) / f64::from(n);
            assert!((back - size).abs() < size * 1e-9, "{size} became {back}");
        }
    }

    #[test]
    fn names_are_ascii() {
        let names = vec!["µ \"a\"".to_owned(), "😀".to_owned()];
        let text = ascii_json(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.is_ascii());
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), names);
    }
}
