//! Regions of interest as ImageJ stores them.
//!
//! Source: the layout of `.roi` files in the documentation of ImageJ's class `RoiDecoder`.

use super::{Outline, Part, Ring};

const VERSION: u16 = 228;
const HEADER_BYTES: usize = 64;
const SECOND_HEADER_BYTES: usize = 64;

/// A selection that was traced around pixels.
const TRACED: u8 = 8;
/// What composite selections are marked as, besides the size of their path.
const RECTANGLE: u8 = 1;

/// Steps of the path of a composite selection.
const MOVE_TO: f32 = 0.0;
const LINE_TO: f32 = 1.0;
const CLOSE: f32 = 4.0;

/// The content of a `.roi` file: a traced selection for a single ring, else a composite one.
///
/// `section` is the position in the stack from 1; 0 for none.
pub(super) fn encode(outline: &Outline, name: &str, section: u32) -> Vec<u8> {
    let bounds = Bounds::of(outline);
    let single = match &outline.parts[..] {
        [part] if part.holes.is_empty() => Some(&part.exterior).filter(|ring| bounds.fits(ring)),
        _ => None,
    };
    let (body, corners) = match single {
        Some(ring) => (polygon(ring, &bounds), ring.len()),
        None => (path(outline), 0),
    };
    let mut file = Vec::with_capacity(HEADER_BYTES + body.len() + SECOND_HEADER_BYTES);
    file.extend(b"Iout");
    file.extend(VERSION.to_be_bytes());
    file.extend([if single.is_some() { TRACED } else { RECTANGLE }, 0]);
    for side in [bounds.top, bounds.left, bounds.bottom, bounds.right] {
        // ImageJ takes the bounds of composite selections, which may be larger, from their path.
        file.extend((side.min(i16::MAX as u32) as u16).to_be_bytes());
    }
    file.extend((corners as u16).to_be_bytes());
    file.resize(36, 0);
    let steps = if single.is_some() { 0 } else { body.len() / 4 };
    file.extend((steps as u32).to_be_bytes());
    file.resize(56, 0);
    file.extend(section.to_be_bytes());
    let second = HEADER_BYTES + body.len();
    file.extend((second as u32).to_be_bytes());
    file.extend(body);
    file.extend(second_header(name, second));
    file
}

/// What came after the first header was full: here only the name.
fn second_header(name: &str, start: usize) -> Vec<u8> {
    let letters: Vec<u16> = name.encode_utf16().collect();
    let mut header = vec![0; 16];
    header.extend(((start + SECOND_HEADER_BYTES) as u32).to_be_bytes());
    header.extend((letters.len() as u32).to_be_bytes());
    header.resize(SECOND_HEADER_BYTES, 0);
    header.extend(letters.iter().flat_map(|letter| letter.to_be_bytes()));
    header
}

/// All x relative to the left side, then all y relative to the upper one.
fn polygon(ring: &Ring, bounds: &Bounds) -> Vec<u8> {
    let x = ring.iter().map(|[x, _]| x - bounds.left);
    let y = ring.iter().map(|[_, y]| y - bounds.top);
    x.chain(y)
        .flat_map(|value| (value as u16).to_be_bytes())
        .collect()
}

/// Moves and lines; areas inside two rings are outside.
fn path(outline: &Outline) -> Vec<u8> {
    let rings = outline.parts.iter().flat_map(Part::rings);
    let steps = rings.flat_map(|ring| {
        let points = ring.iter().enumerate().flat_map(|(index, &[x, y])| {
            let step = if index == 0 { MOVE_TO } else { LINE_TO };
            [step, x as f32, y as f32]
        });
        points.chain([CLOSE])
    });
    steps.flat_map(f32::to_be_bytes).collect()
}

struct Bounds {
    top: u32,
    left: u32,
    bottom: u32,
    right: u32,
}

impl Bounds {
    fn of(outline: &Outline) -> Bounds {
        let points = || outline.parts.iter().flat_map(|part| &part.exterior);
        let [x, y] = [0, 1].map(|axis| points().map(move |point| point[axis]));
        Bounds {
            top: y.clone().min().unwrap_or(0),
            left: x.clone().min().unwrap_or(0),
            bottom: y.max().unwrap_or(0),
            right: x.max().unwrap_or(0),
        }
    }

    /// Whether a ring inside can be stored with 16 bits a number.
    fn fits(&self, ring: &Ring) -> bool {
        let longest = i16::MAX as u32;
        self.right <= longest && self.bottom <= longest && u16::try_from(ring.len()).is_ok()
    }
}
