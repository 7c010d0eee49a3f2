//! Opening an image and reading parts of it.

use std::path::Path;
use std::sync::Arc;

use ndarray::Axis as Dimension;

use super::array::{ArrayMetadata, ZarrArray};
use super::ngff::{
    Extra, Found, Group, Kept, Multiscale, Spacing, by_names, by_rank, find, read_channels,
};
use super::store::Location;
use crate::axes::Axis;
use crate::error::ImageError;
use crate::format::{Limits, OpenOptions};
use crate::image::{Image, Metadata, Pixels, match_pixels};
use crate::source::{ImageInfo, Region, Source};

/// An opened image at one of its resolutions.
pub(super) struct ZarrSource {
    image: Arc<Levels>,
    level: usize,
    info: ImageInfo,
}

/// What the resolutions of an image share.
struct Levels {
    arrays: Vec<ZarrArray>,
    kept: Kept,
    spacings: Vec<Spacing>,
    limits: Limits,
}

impl ZarrSource {
    /// Reads the metadata of what is at a path or address.
    pub(super) fn open(path: &Path, options: &OpenOptions) -> Result<ZarrSource, ImageError> {
        match find(&Location::open(path)?, options)? {
            Found::Image { group, series } => ZarrSource::image(&group, series, options.limits),
            Found::Array(array) => ZarrSource::array(*array, options.limits),
        }
    }

    fn image(group: &Group, series: Vec<String>, limits: Limits) -> Result<ZarrSource, ImageError> {
        let described = Multiscale::read(group)?;
        let arrays = open_levels(group, &described)?;
        let shape = &arrays[0].metadata.shape;
        let kept = match &described.axes {
            Some(names) if names.len() == shape.len() => {
                by_names(names, shape).map_err(|problem| {
                    group.at.unsupported(
                        group.file,
                        problem,
                        "write the image with the axes t, c, z, y, x",
                    )
                })?
            }
            Some(names) => {
                return Err(group.at.malformed(
                    group.file,
                    format!(
                        "names {} axes, the array `{}` has {}",
                        names.len(),
                        described.levels[0].path,
                        shape.len()
                    ),
                ));
            }
            None => of_rank(&arrays[0])?,
        };
        let spacings: Vec<Spacing> = (0..arrays.len())
            .map(|level| described.spacing(&kept, level))
            .collect();
        let first = &arrays[0].metadata;
        let mut info = describe(&group.at.path, "OME-Zarr", &kept, first);
        info.levels = arrays
            .iter()
            .map(|array| kept.pick(&array.metadata.shape))
            .collect();
        info.warnings = described.warnings;
        if arrays
            .iter()
            .any(|array| array.metadata.stored.dtype() != info.dtype)
        {
            info.warnings
                .push("has levels of several sample types".to_owned());
        }
        if series.iter().any(|name| name == "1") {
            info.warnings
                .push(format!("is a collection of {} images", series.len()));
        }
        info.series = series;
        info.metadata = Metadata {
            name: described.name,
            channels: read_channels(&group.ome()["omero"], info.len_of(Axis::C)),
            ..Metadata::default()
        };
        Extra::read(&group.attributes).complete(&mut info.metadata);
        let image = Levels {
            arrays,
            kept,
            spacings,
            limits,
        };
        Ok(ZarrSource::at_level(&Arc::new(image), 0, info))
    }

    fn array(array: ZarrArray, limits: Limits) -> Result<ZarrSource, ImageError> {
        let named = array.metadata.names.as_ref().and_then(|names| {
            let names: Option<Vec<_>> = names
                .iter()
                .map(|name| Some((name.clone()?, None)))
                .collect();
            by_names(&names?, &array.metadata.shape).ok()
        });
        // Dimensions that are left out would change the rank of a plain array.
        let kept = match named.filter(|kept| kept.axes.len() == array.metadata.shape.len()) {
            Some(kept) => kept,
            None => of_rank(&array)?,
        };
        let info = describe(&array.at.path, "Zarr", &kept, &array.metadata);
        let spacings = vec![Spacing::default()];
        let image = Levels {
            arrays: vec![array],
            kept,
            spacings,
            limits,
        };
        Ok(ZarrSource::at_level(&Arc::new(image), 0, info))
    }

    fn at_level(image: &Arc<Levels>, level: usize, full: ImageInfo) -> ZarrSource {
        let array = &image.arrays[level].metadata;
        let mut info = full;
        info.dtype = array.stored.dtype();
        info.shape = image.kept.pick(&array.shape);
        info.block = image.kept.pick(&array.chunk);
        info.compression = array.compression();
        info.metadata.pixel_size = image.spacings[level].pixel_size;
        info.metadata.time_step = image.spacings[level].time_step;
        ZarrSource {
            image: image.clone(),
            level,
            info,
        }
    }
}

impl Source for ZarrSource {
    fn info(&self) -> &ImageInfo {
        &self.info
    }

    fn read_region(&self, region: &Region) -> Result<Image, ImageError> {
        let ranges = region.resolve(&self.info)?;
        let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
        self.info.check_limit(&shape, self.image.limits.bytes)?;
        let array = &self.image.arrays[self.level];
        // A chunk is unpacked whole, however little of it is wanted.
        self.info
            .check_limit(&array.metadata.chunk, self.image.limits.bytes)?;
        let rank = array.metadata.shape.len();
        let mut pixels = array.read(&self.image.kept.widen(&ranges, rank))?;
        for dimension in (0..rank).rev() {
            if !self.image.kept.dimensions.contains(&dimension) {
                pixels = without(pixels, dimension);
            }
        }
        self.info.image(pixels, region)
    }

    fn level(&self, level: usize) -> Result<Box<dyn Source>, ImageError> {
        if level >= self.image.arrays.len() {
            return Err(self.info.no_such_level(level));
        }
        Ok(Box::new(ZarrSource::at_level(
            &self.image,
            level,
            self.info.clone(),
        )))
    }
}

/// The same samples without a dimension of length 1.
fn without(pixels: Pixels, dimension: usize) -> Pixels {
    match_pixels!(pixels, array => array.index_axis_move(Dimension(dimension), 0).into())
}

fn open_levels(group: &Group, described: &Multiscale) -> Result<Vec<ZarrArray>, ImageError> {
    let mut arrays: Vec<ZarrArray> = Vec::new();
    for level in &described.levels {
        let array = ZarrArray::open(group.at.child(&level.path)?)?.ok_or_else(|| {
            group.at.malformed(
                group.file,
                format!("names the array `{}`, which is not there", level.path),
            )
        })?;
        let rank = |array: &ZarrArray| array.metadata.shape.len();
        if arrays
            .first()
            .is_some_and(|first| rank(first) != rank(&array))
        {
            let problem = format!("names the level `{}`, which has another rank", level.path);
            return Err(group.at.malformed(group.file, problem));
        }
        arrays.push(array);
    }
    Ok(arrays)
}

fn of_rank(array: &ZarrArray) -> Result<Kept, ImageError> {
    let rank = array.metadata.shape.len();
    by_rank(rank).ok_or_else(|| {
        array.at.unsupported(
            array.metadata.file(),
            format!("has {rank} dimensions without known names"),
            "write the array with two to five dimensions: t, c, z, y, x",
        )
    })
}

fn describe(path: &Path, format: &'static str, kept: &Kept, array: &ArrayMetadata) -> ImageInfo {
    let shape = kept.pick(&array.shape);
    ImageInfo::new(path, format, kept.axes.clone(), shape, array.stored.dtype())
}
