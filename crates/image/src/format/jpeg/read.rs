//! Reading the pixels of JPEG files.

use std::fs::File;
use std::io::{self, BufReader};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jpeg_decoder::{Decoder, Error as Fault};
use ndarray::{Array3, Axis as Dimension, s};

use super::header::{Header, truncated, unsupported};
use crate::axes::{Axes, Axis};
use crate::dtype::DType;
use crate::error::ImageError;
use crate::format::Limits;
use crate::format::png::colour_names;
use crate::image::{Image, Metadata, Pixels};
use crate::source::{ImageInfo, Region, Source};

/// Samples as they are decoded: rows, columns, colours.
type Decoded = Arc<Array3<u8>>;

#[derive(Clone)]
pub(super) struct JpegSource {
    info: ImageInfo,
    header: Header,
    limits: Limits,
    kept: Arc<Mutex<Option<Decoded>>>,
}

impl JpegSource {
    pub(super) fn open(path: &Path, limits: Limits) -> Result<JpegSource, ImageError> {
        let header = Header::read(path)?;
        let samples = if header.components == 1 { 1 } else { 3 };
        let mut shape = vec![header.height, header.width];
        if samples > 1 {
            shape.insert(0, samples);
        }
        let axes = Axes::canonical(|axis| match axis {
            Axis::C => samples > 1,
            other => other == Axis::Y || other == Axis::X,
        });
        let mut info = ImageInfo::new(path, "JPEG", axes, shape, DType::UInt8);
        info.metadata = Metadata::default().with_channel_names(colour_names(samples));
        "jpeg".clone_into(&mut info.compression);
        info.warnings = warnings(&header);
        Ok(JpegSource {
            info,
            header,
            limits,
            kept: Arc::default(),
        })
    }

    /// The decoded image, from memory if it is there.
    fn decoded(&self, keep: bool) -> Result<Decoded, ImageError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(decoded) = &*kept {
            return Ok(Arc::clone(decoded));
        }
        let decoded = Arc::new(self.decode()?);
        if keep {
            *kept = Some(Arc::clone(&decoded));
        }
        Ok(decoded)
    }

    fn decode(&self) -> Result<Array3<u8>, ImageError> {
        let path = &self.info.path;
        self.check_memory()?;
        let file = File::open(path).map_err(|error| ImageError::io(path, "read", error))?;
        let mut decoder = Decoder::new(BufReader::new(file));
        let mut values = catch_unwind(AssertUnwindSafe(|| decoder.decode()))
            .map_err(|_| self.malformed("the decoder gave up on its content"))?
            .map_err(|error| self.fault(error))?;
        if self.header.components == 4 {
            values = colours(&values, self.header.is_inverted);
        }
        let samples = self.info.len_of(Axis::C);
        Array3::from_shape_vec((self.header.height, self.header.width, samples), values)
            .map_err(|_| self.malformed("it has not as many pixels as its header says"))
    }

    /// Counts the samples, the planes that they are put together from, and the coefficients that
    /// progressive coding collects.
    fn check_memory(&self) -> Result<(), ImageError> {
        let pixels = self.header.width as u128 * self.header.height as u128;
        let bytes = if self.header.is_progressive { 4 } else { 2 };
        let needed = self.info.bytes() + pixels * bytes * self.header.components as u128;
        if needed > u128::from(self.limits.bytes) {
            return Err(ImageError::OverLimit {
                path: self.info.path.clone(),
                needed,
                limit: self.limits.bytes,
            });
        }
        Ok(())
    }

    fn fault(&self, fault: Fault) -> ImageError {
        let path = &self.info.path;
        match fault {
            Fault::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => truncated(path),
            Fault::Io(source) => ImageError::io(path, "read", source),
            Fault::Unsupported(feature) => unsupported(path, format!("{feature:?}")),
            other => self.malformed(&other.to_string()),
        }
    }

    fn malformed(&self, problem: &str) -> ImageError {
        ImageError::Malformed {
            path: self.info.path.clone(),
            problem: problem.to_owned(),
        }
    }
}

impl Source for JpegSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let is_part = ranges
            .iter()
            .zip(&self.info.shape)
            .any(|(range, &length)| range.len() < length);
        let decoded = self.decoded(is_part)?;
        let [c, y, x] =
            [Axis::C, Axis::Y, Axis::X].map(|axis| region.range(axis, self.info.len_of(axis)));
        self.info.image(self.planes(&decoded, c, y, x), region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        self.info.check_only_level(level)?;
        Ok(Box::new(self.clone()))
    }
}

impl JpegSource {
    /// One plane a colour.
    fn planes(
        &self,
        decoded: &Array3<u8>,
        c: Range<usize>,
        y: Range<usize>,
        x: Range<usize>,
    ) -> Pixels {
        let part = decoded.slice(s![y, x, c]).permuted_axes([2, 0, 1]);
        let planes = part.as_standard_layout().into_owned();
        if self.info.axes.contains(Axis::C) {
            planes.into()
        } else {
            planes.index_axis_move(Dimension(0), 0).into()
        }
    }
}

/// Red, green and blue of cyan, magenta, yellow and black inks; `is_inverted` as Adobe stores
/// them, which the decoder expects.
fn colours(inks: &[u8], is_inverted: bool) -> Vec<u8> {
    let paper = |ink: u8| u16::from(if is_inverted { 255 - ink } else { ink });
    let (pixels, _) = inks.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| ((paper(ink) * paper(k) + 127) / 255) as u8))
        .collect()
}

fn warnings(header: &Header) -> Vec<String> {
    let mut warnings = vec![
        "JPEG is lossy: samples differ from what was measured, and labels are damaged".to_owned(),
    ];
    if header.components == 4 {
        warnings.push("printing inks (CMYK) were turned into colours without a profile".to_owned());
    }
    if header.orientation != 1 {
        warnings.push(format!(
            "its EXIF orientation is {}: the pixels are as stored, neither turned nor mirrored",
            header.orientation
        ));
    }
    warnings
}
