//! Files of key points: the few pixels that an image is made of again.

use std::path::Path;

use coverslip_algorithms::methods::keypoint::{
    Kernel, select_keypoints,
    storage::{Codec, KeypointFile, MAX_PIXELS},
};
use coverslip_image::{Axes, Axis, Image, ImageError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product,
    parts::{on_samples, only_plane, plane, shown},
};

type Result<T> = std::result::Result<T, OperationError>;

/// Stores the pixels above a threshold as key points in a file of few bits a pixel (.cskp).
///
/// `reconstruct` makes an image of such a file again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keypoints {
    /// Pixels with values above this are key points.
    pub(crate) threshold: f64,
    /// How the points are coded; none loses any.
    pub(crate) codec: Codec,
    /// The kernel to reconstruct with, kept in the file; left out, none.
    pub(crate) kernel: Option<Kernel>,
}

pub(crate) fn stored(options: &Keypoints, images: &[Image]) -> Result<Product> {
    let pixels = only_plane(&images[0])?;
    let keypoints = on_samples!(&pixels, array => {
        select_keypoints(&plane(array)?, options.threshold)?
    });
    let (points, pixels) = (keypoints.iter().filter(|&&is| is).count(), keypoints.len());
    let file = KeypointFile {
        keypoints,
        threshold: options.threshold,
        kernel: options.kernel,
        intensities: None,
    };
    let path = images[0].path().unwrap_or(Path::new("the image"));
    let bytes = file.to_bytes(options.codec);
    let bytes = bytes.map_err(|source| OperationError::Keypoints {
        path: path.to_owned(),
        source,
    })?;
    Ok(Product::Keypoints {
        bytes,
        points,
        pixels,
    })
}

/// What a file of key points holds.
#[derive(Clone, Debug)]
pub struct StoredKeypoints {
    /// The points as a mask: 255 where there is one, else 0.
    pub mask: Image,
    /// The kernel to reconstruct with, if the file names one.
    pub kernel: Option<Kernel>,
}

/// Reads a file of key points.
///
/// # Errors
///
/// [`OperationError::File`] or [`OperationError::Keypoints`] naming the file.
pub fn read_keypoints(path: &Path) -> Result<StoredKeypoints> {
    let bytes = std::fs::read(path).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => OperationError::Image(ImageError::NotFound {
            path: path.to_owned(),
        }),
        _ => OperationError::File {
            path: path.to_owned(),
            cause,
        },
    })?;
    let file = KeypointFile::from_bytes(&bytes, MAX_PIXELS);
    let file = file.map_err(|source| OperationError::Keypoints {
        path: path.to_owned(),
        source,
    })?;
    let axes = Axes::canonical(|axis| matches!(axis, Axis::Y | Axis::X));
    let mask = Image::new(shown(&file.keypoints.into_dyn()), axes)?;
    Ok(StoredKeypoints {
        mask: mask.with_path(path),
        kernel: file.kernel,
    })
}
