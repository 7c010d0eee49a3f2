//! How files are opened and written.

use serde::{Deserialize, Serialize};

/// How much memory the pixels of one read may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest size of the decoded pixels of one read in bytes; 8 GiB by default.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 8 << 30 }
    }
}

/// How a file is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// How much memory a read may take.
    pub limits: Limits,
    /// Which image of a file with several, by its name in `ImageInfo::series` or its number from
    /// 0; the first one if left out.
    pub series: Option<String>,
}

/// How a file is written. What is left out is chosen by the format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// How pixels are packed.
    pub compression: Option<Compression>,
    /// The edge of a tile or chunk in pixels.
    pub tile: Option<usize>,
    /// Whether smaller copies are written beside the image.
    pub pyramid: Option<bool>,
    /// Which of several layouts of the format.
    pub flavour: Option<Flavour>,
    /// What becomes of a writing that is interrupted.
    pub resume: Resume,
}

/// What becomes of a writing that is interrupted; only Zarr can go on with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// It leaves nothing.
    #[default]
    Never,
    /// It can be continued by another one with the same key, which tells what is written.
    Begin(String),
    /// It goes on where one with the same key stopped, if there is one, and can be continued.
    Continue(String),
}

/// How pixels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// Lempel, Ziv, Welch: TIFF.
    Lzw,
    /// Deflate, as in zip files: TIFF, PNG, Zarr (there as gzip).
    Deflate,
    /// Zstandard: TIFF (not for ImageJ) and Zarr.
    Zstd,
    /// Zstandard after a shuffle of the samples' bits: Zarr.
    Blosc,
}

/// A layout of a format with several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavour {
    /// TIFF with OME-XML, tiles and smaller copies.
    OmeTiff,
    /// TIFF as ImageJ and Fiji write it.
    ImagejTiff,
    /// OME-Zarr 0.4 on Zarr version 2.
    #[serde(rename = "ome-zarr-0.4")]
    OmeZarr04,
    /// OME-Zarr 0.5 on Zarr version 3, with shards.
    #[serde(rename = "ome-zarr-0.5")]
    OmeZarr05,
}
