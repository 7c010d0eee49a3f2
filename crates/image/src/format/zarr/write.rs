//! Writing an image as OME-Zarr.

mod array;
mod describe;
mod journal;
mod labels;
mod layout;
mod levels;
mod staging;

use std::ops::Range;
use std::path::{Path, PathBuf};

use array::ArrayWriter;
use journal::Journal;
use labels::Parent;
use layout::Layout;
use staging::Staging;

use super::array::Version;
use super::ngff::Spacing;
use crate::axes::{Axes, Axis};
use crate::error::ImageError;
use crate::format::{Flavour, Resume, WriteOptions, pyramid};
use crate::image::{Pixels, match_pixels};
use crate::sink::{Sink, Target};

pub(super) use labels::is_label_path;

/// An OME-Zarr image that is being written.
pub(super) struct ZarrSink {
    path: PathBuf,
    target: Target,
    /// What is written: the same image with its axes in the order that OME-Zarr demands.
    image: Target,
    /// For each axis of what is written its number in the target.
    order: Vec<usize>,
    block: Vec<usize>,
    layout: Layout,
    /// The factors from each level to the next.
    steps: Vec<Vec<usize>>,
    /// The image that these are labels of.
    parent: Option<Parent>,
    writer: ArrayWriter,
    staging: Staging,
}

impl ZarrSink {
    /// Begins to write, in a hidden folder beside the path.
    pub(super) fn create(
        path: &Path,
        target: Target,
        options: &WriteOptions,
    ) -> Result<ZarrSink, ImageError> {
        check(path, &target)?;
        let (image, order) = in_canonical_order(&target);
        let parent = if is_label_path(path) {
            Some(Parent::read(path, &image)?)
        } else {
            None
        };
        let version = match &parent {
            Some(parent) => parent.version,
            None => version(path, options)?,
        };
        let layout = Layout::choose(path, version, options)?;
        let wants_levels = options.pyramid.unwrap_or(true);
        let steps = match &parent {
            Some(parent) => parent.steps.clone(),
            None if wants_levels => {
                let size = Spacing::of(&image.metadata).pixel_size;
                pyramid::factors(&image.axes, &image.shape, size)
            }
            None => Vec::new(),
        };
        let metadata = layout.array(&image, &image.shape);
        let block = (0..order.len())
            .filter_map(|axis| order.iter().position(|&other| other == axis))
            .map(|at| metadata.chunk[at])
            .collect();
        let staging = Staging::create(
            path,
            parent.as_ref().map(|parent| &*parent.root),
            &resume(&target, options),
        )?;
        let journal = match options.resume {
            Resume::Never => None,
            Resume::Begin(_) | Resume::Continue(_) => Some(Journal::open(staging.folder(), path)?),
        };
        let writer = ArrayWriter::new(path, staging.content().join("0"), metadata, journal);
        Ok(ZarrSink {
            path: path.to_owned(),
            target,
            image,
            order,
            block,
            layout,
            steps,
            parent,
            writer,
            staging,
        })
    }

    /// Values along the target's axes in the order of what is written.
    fn reorder<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.order.iter().map(|&axis| values[axis]).collect()
    }
}

impl Sink for ZarrSink {
    fn target(&self) -> &Target {
        &self.target
    }

    fn block(&self) -> &[usize] {
        &self.block
    }

    fn write(&self, origin: &[usize], pixels: &Pixels) -> Result<(), ImageError> {
        let shape = &self.target.shape;
        let fits = pixels.dtype() == self.target.dtype
            && origin.len() == shape.len()
            && pixels.shape().len() == shape.len()
            && (origin.iter().zip(pixels.shape()).zip(shape))
                .all(|((&start, &length), &whole)| start <= whole && length <= whole - start);
        if !fits {
            return Err(self.target.misfit(&self.path, origin, pixels));
        }
        let origin = self.reorder(origin);
        match_pixels!(pixels, array => {
            self.writer.write(&origin, &array.view().permuted_axes(self.order.clone()))
        })
    }

    fn is_written(&self, origin: &[usize], lengths: &[usize]) -> bool {
        let ranges: Vec<Range<usize>> = (origin.iter().zip(lengths))
            .map(|(&start, &length)| start..start + length)
            .collect();
        let ranges: Vec<_> = self
            .order
            .iter()
            .map(|&axis| ranges[axis].clone())
            .collect();
        self.writer.is_written(&ranges)
    }

    fn finish(self: Box<Self>) -> Result<(), ImageError> {
        self.writer.finish()?;
        let folder = self.staging.content();
        levels::write(&self.path, &folder, &self.image, &self.layout, &self.steps)?;
        let name = match &self.image.metadata.name {
            Some(name) => name.clone(),
            None => crate::files::image_name(&self.path),
        };
        let group = describe::Description {
            image: &self.image,
            steps: &self.steps,
            version: self.layout.version,
            name,
            is_of_image: self.parent.is_some(),
        };
        describe::write_group(&folder, self.layout.version, &group.attributes())
            .map_err(|error| ImageError::io(&self.path, "write", error))?;
        let ZarrSink {
            staging,
            parent,
            path,
            writer,
            ..
        } = *self;
        drop(writer);
        staging.publish()?;
        parent.map_or(Ok(()), |parent| parent.list(&path))
    }
}

/// The key of a writing, with everything that its files depend on.
fn resume(target: &Target, options: &WriteOptions) -> Resume {
    let plain = WriteOptions {
        resume: Resume::Never,
        ..options.clone()
    };
    let key = |key: &String| format!("{} {target:?} {plain:?} {key}", env!("CARGO_PKG_VERSION"));
    match &options.resume {
        Resume::Never => Resume::Never,
        Resume::Begin(own) => Resume::Begin(key(own)),
        Resume::Continue(own) => Resume::Continue(key(own)),
    }
}

/// Refuses images that OME-Zarr cannot hold.
fn check(path: &Path, target: &Target) -> Result<(), ImageError> {
    let unsupported = |feature: String, remedy: &str| {
        let (path, remedy) = (path.to_owned(), remedy.to_owned());
        Err(ImageError::Unsupported {
            path,
            feature,
            remedy,
        })
    };
    if target.axes.len() != target.shape.len() {
        let problem = format!("is of {:?} but has the axes {}", target.shape, target.axes);
        return Err(ImageError::Misuse {
            path: Some(path.to_owned()),
            problem,
        });
    }
    if !target.axes.contains(Axis::Y) || !target.axes.contains(Axis::X) {
        let feature = format!(
            "OME-Zarr has planes, the image has the axes `{}`",
            target.axes
        );
        return unsupported(feature, "add the axes y and x");
    }
    if target.shape.contains(&0) {
        let feature = format!(
            "OME-Zarr has no empty images, this one is of {:?}",
            target.shape
        );
        return unsupported(feature, "write images with at least one pixel");
    }
    if target.is_labels && target.dtype.is_float() {
        let feature = format!(
            "labels are whole numbers in OME-Zarr, the image is {}",
            target.dtype
        );
        return unsupported(feature, "convert the labels to uint16 or uint32");
    }
    let (channels, entries) = (target.len_of(Axis::C), target.metadata.channels.len());
    if entries != 0 && entries != channels {
        let problem = format!("has {channels} channels but {entries} channel names");
        return Err(ImageError::Misuse {
            path: Some(path.to_owned()),
            problem,
        });
    }
    Ok(())
}

fn version(path: &Path, options: &WriteOptions) -> Result<Version, ImageError> {
    match options.flavour {
        None | Some(Flavour::OmeZarr05) => Ok(Version::V3),
        Some(Flavour::OmeZarr04) => Ok(Version::V2),
        Some(other) => Err(ImageError::Unsupported {
            path: path.to_owned(),
            feature: format!("{other:?} is no layout of Zarr"),
            remedy: "leave the layout out, or use ome-zarr-0.5 or ome-zarr-0.4".to_owned(),
        }),
    }
}

/// The same image with its axes in the order t, c, z, y, x, and where each was.
fn in_canonical_order(target: &Target) -> (Target, Vec<usize>) {
    let axes = Axes::canonical(|axis| target.axes.contains(axis));
    let order: Vec<usize> = axes
        .iter()
        .filter_map(|axis| target.axes.position(axis))
        .collect();
    let shape = order.iter().map(|&axis| target.shape[axis]).collect();
    (
        Target {
            axes,
            shape,
            ..target.clone()
        },
        order,
    )
}
