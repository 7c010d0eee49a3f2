//! Nuclei of stacks of electron-microscopy slices.

use coverslip_algorithms::{
    AlgorithmError,
    measure::contour::fill_polygon,
    methods::nuclei::{Clustering, ExteriorClass, Extraction, FixedCrop, Member, Nucleus},
};
use coverslip_image::{Axis, Image, ImageError, Pixels};
use ndarray::{Array3, ArrayD, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    OperationError, Product, Table,
    parts::{as_labels, each_plane, labels_of, on_samples, plane},
};

type Result<T> = std::result::Result<T, OperationError>;

/// Finds nuclei in the slices of a stack of electron microscopy and follows them through it.
///
/// The defaults are those of a published FIB-SEM pipeline at 4 nm a pixel. Labels are nuclei, from 1
/// in the order of their first slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Nuclei {
    /// How nuclei are found in a slice.
    pub(crate) extraction: Extraction,
    /// Which nuclei of successive slices are one.
    pub(crate) clustering: Clustering,
}

/// Lists the nuclei that `nuclei` finds: number, slice, centre, and where to crop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NucleusTable {
    /// How nuclei are found in a slice.
    pub(crate) extraction: Extraction,
    /// Which nuclei of successive slices are one.
    pub(crate) clustering: Clustering,
}

/// A nucleus in a slice, and which of the stack it is.
struct Found {
    section: usize,
    nucleus: Nucleus,
    member: Member,
}

pub(crate) fn nuclei(options: &Nuclei, images: &[Image]) -> Result<Product> {
    let stack = stack(&images[0])?;
    let mut labels = Array3::<u32>::zeros(stack.raw_dim());
    let (_, height, width) = stack.dim();
    for found in find(&stack, &options.extraction, &options.clustering)? {
        let inside = fill_polygon(&found.nucleus.outline, [height, width]);
        let mut section = labels.index_axis_mut(ndarray::Axis(0), found.section);
        Zip::from(&mut section)
            .and(&inside)
            .for_each(|label, &inside| {
                if inside {
                    *label = found.member.id as u32 + 1;
                }
            });
    }
    Ok(Product::Image(Image::from_labels(&labels, &images[0])))
}

pub(crate) fn table(options: &NucleusTable, images: &[Image]) -> Result<Product> {
    let stack = stack(&images[0])?;
    let found = find(&stack, &options.extraction, &options.clustering)?;
    let rows = found.iter().map(|found| {
        let [y, x] = found.nucleus.center.map(f64::from);
        let [crop_y, crop_x] = found.member.crop_center.map(f64::from);
        let (id, rank) = (found.member.id as f64 + 1.0, found.member.rank as f64);
        vec![id, found.section as f64, rank, y, x, crop_y, crop_x]
    });
    Ok(Product::Table(Table {
        columns: vec!["nucleus", "z", "rank", "y", "x", "crop_y", "crop_x"],
        rows: rows.collect(),
    }))
}

fn find(
    stack: &Array3<u8>,
    extraction: &Extraction,
    clustering: &Clustering,
) -> Result<Vec<Found>> {
    let mut nuclei = Vec::new();
    for (section, slice) in stack.outer_iter().enumerate() {
        let found = extraction.apply(&slice)?.nuclei;
        nuclei.extend(found.into_iter().map(|nucleus| (section, nucleus)));
    }
    let members = clustering.assign(nuclei.iter().map(|(_, nucleus)| nucleus.center))?;
    let members = members.members.into_iter();
    let found = nuclei.into_iter().zip(members);
    Ok(found
        .map(|((section, nucleus), member)| Found {
            section,
            nucleus,
            member,
        })
        .collect())
}

/// An 8-bit stack `[Z, Y, X]`; a plane is a stack of one.
fn stack(image: &Image) -> Result<Array3<u8>> {
    for axis in [Axis::T, Axis::C] {
        let length = image.len_of(axis);
        if length > 1 {
            return Err(ImageError::Unsuitable {
                path: image.path().map(Into::into),
                problem: format!("has {length} positions along {axis}; a stack is expected"),
                remedy: format!("crop it first: `coverslip convert IN OUT --crop {axis}=0`"),
            }
            .into());
        }
    }
    if !matches!(image.pixels(), Pixels::U8(_)) {
        return Err(AlgorithmError::SampleType {
            what: "the stack",
            got: image.dtype(),
            expected: "uint8; convert it with `coverslip convert --dtype u8 --range LOW,HIGH`",
        }
        .into());
    }
    let channels = image.to_czyx_f32()?;
    let stack = channels.index_axis_move(ndarray::Axis(0), 0);
    Ok(stack.mapv(|value| value as u8))
}

pub(crate) fn exterior(options: &ExteriorClass, images: &[Image]) -> Result<Product> {
    let Pixels::U8(pixels) = images[1].pixels() else {
        return Err(AlgorithmError::SampleType {
            what: "the image",
            got: images[1].dtype(),
            expected: "uint8; convert it with `coverslip convert --dtype u8 --range LOW,HIGH`",
        }
        .into());
    };
    let classes = as_labels(images[0].pixels())?;
    let moved: ArrayD<u32> = options.apply(&pixels.view(), &classes.view())?;
    Ok(Product::Image(
        Image::new(labels_of(moved), images[0].axes().clone())?
            .with_pixel_size(images[0].pixel_size()),
    ))
}

/// Crops a square about a point, moved inwards where it would leave the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Crop {
    /// The point, Y and X in pixels.
    pub(crate) center: [i32; 2],
    /// Side of the square in pixels; a smaller image is continued by zeros.
    #[schemars(range(min = 1, max = 32768))]
    pub(crate) size: usize,
}

impl Default for Crop {
    fn default() -> Self {
        Self {
            center: [0, 0],
            size: FixedCrop::default().size,
        }
    }
}

pub(crate) fn cropped(options: &Crop, images: &[Image]) -> Result<Product> {
    let crop = FixedCrop { size: options.size };
    each_plane(&images[0], |pixels| {
        Ok(on_samples!(pixels, array => crop.apply(&plane(array)?, options.center)?.0.into()))
    })
    .map(Product::Image)
}
