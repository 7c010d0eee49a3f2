//! What stands before the pixels of a JPEG file.
//!
//! Source: ITU-T T.81 (1992), annex B.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::orientation::orientation;
use crate::error::ImageError;

/// The size and coding of the image, and how a camera says it was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 1 for grey, 3 for colours, 4 for printing inks.
    pub(super) components: usize,
    pub(super) is_progressive: bool,
    /// Whether inks are stored as Adobe does it: 255 is none.
    pub(super) is_inverted: bool,
    /// The EXIF tag, 1 to 8; 1 if there is none.
    pub(super) orientation: u16,
}

impl Header {
    /// Follows the segments from the start of the file to the first scan.
    pub(super) fn read(path: &Path) -> Result<Header, ImageError> {
        let io = |error| ImageError::io(path, "read", error);
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let mut segments = Segments {
            path,
            bytes,
            file: BufReader::new(file),
        };
        segments.take::<2>()?;
        let (mut frame, mut turned, mut is_inverted) = (None, 1, false);
        loop {
            let (marker, body) = segments.next()?;
            match marker {
                0xe1 => turned = orientation(&body).unwrap_or(turned),
                0xee => is_inverted |= body.starts_with(b"Adobe"),
                0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                    frame = Some(segments.frame(marker, &body)?);
                }
                0xda => break,
                _ => {}
            }
        }
        let header: Header =
            frame.ok_or_else(|| segments.malformed("it has pixels before it says how many"))?;
        segments.check_size(&header)?;
        Ok(Header {
            orientation: turned,
            is_inverted,
            ..header
        })
    }
}

struct Segments<'a> {
    path: &'a Path,
    bytes: u64,
    file: BufReader<File>,
}

impl Segments<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ImageError> {
        self.file.read_exact(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return truncated(self.path);
            }
            ImageError::io(self.path, "read", error)
        })
    }

    /// The marker and content of the next segment.
    fn next(&mut self) -> Result<(u8, Vec<u8>), ImageError> {
        let [mut prefix, mut marker] = self.take()?;
        // Any number of bytes 0xff may stand before a marker.
        while prefix == 0xff && marker == 0xff {
            [marker] = self.take()?;
        }
        if prefix != 0xff || marker < 0xc0 {
            return Err(self.malformed("its header holds something that is no JPEG segment"));
        }
        while (0xd0..=0xd8).contains(&marker) {
            [prefix, marker] = self.take()?;
        }
        if prefix != 0xff || marker == 0xd9 {
            return Err(self.malformed("it has no pixels"));
        }
        let length = usize::from(u16::from_be_bytes(self.take()?));
        let length = length
            .checked_sub(2)
            .ok_or_else(|| self.malformed("a segment of its header has no length"))?;
        let mut body = vec![0; length];
        self.fill(&mut body)?;
        Ok((marker, body))
    }

    fn frame(&self, marker: u8, body: &[u8]) -> Result<Header, ImageError> {
        let &[precision, h1, h0, w1, w0, components, ..] = body else {
            return Err(self.malformed("its frame header is too short"));
        };
        let coding = match marker {
            0xc0..=0xc2 => None,
            0xc3 | 0xc5..=0xc7 => Some("lossless or hierarchical"),
            _ => Some("arithmetic-coded"),
        };
        if let Some(coding) = coding {
            return Err(unsupported(self.path, format!("it is {coding} JPEG")));
        }
        if precision != 8 {
            return Err(unsupported(
                self.path,
                format!("it is JPEG of {precision} bits a sample"),
            ));
        }
        if ![1, 3, 4].contains(&components) {
            return Err(unsupported(
                self.path,
                format!("it is JPEG of {components} samples a pixel"),
            ));
        }
        let header = Header {
            width: usize::from(u16::from_be_bytes([w1, w0])),
            height: usize::from(u16::from_be_bytes([h1, h0])),
            components: usize::from(components),
            is_progressive: marker == 0xc2,
            is_inverted: false,
            orientation: 1,
        };
        if header.width == 0 || header.height == 0 {
            let (width, height) = (header.width, header.height);
            return Err(self.malformed(&format!("it says to have {width} x {height} pixels")));
        }
        Ok(header)
    }

    /// A block of 8 x 8 pixels takes at least one bit.
    fn check_size(&self, header: &Header) -> Result<(), ImageError> {
        let blocks = header.width.div_ceil(8) as u64 * header.height.div_ceil(8) as u64;
        if blocks / 8 <= self.bytes {
            return Ok(());
        }
        Err(self.malformed(&format!(
            "it says to have {} x {} pixels, which do not fit into its {} bytes",
            header.width, header.height, self.bytes
        )))
    }

    fn malformed(&self, problem: &str) -> ImageError {
        ImageError::Malformed {
            path: self.path.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

pub(super) fn truncated(path: &Path) -> ImageError {
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    ImageError::Truncated {
        path: path.to_owned(),
        problem: format!("the file ends after {bytes} bytes, before its last pixel"),
    }
}

pub(super) fn unsupported(path: &Path, feature: String) -> ImageError {
    ImageError::Unsupported {
        path: path.to_owned(),
        feature,
        remedy: "open it in Fiji and save it as TIFF".to_owned(),
    }
}
