//! What an annotation file holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BoundingBox, CocoError, Rle, polygons_mask};
use crate::AlgorithmError;

/// An annotation file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Dataset {
    /// The images.
    pub images: Vec<ImageInfo>,
    /// Objects on them.
    pub annotations: Vec<Annotation>,
    /// What objects can be.
    pub categories: Vec<Category>,
}

/// An image of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageInfo {
    /// Number that annotations refer to.
    pub id: u64,
    /// Name of its file.
    #[serde(default)]
    pub file_name: String,
    /// Rows, in pixels.
    pub height: usize,
    /// Columns, in pixels.
    pub width: usize,
}

/// A kind of object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Number that annotations refer to.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// A wider kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supercategory: Option<String>,
}

/// An object on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Number of the annotation.
    #[serde(default)]
    pub id: u64,
    /// Number of its image.
    #[serde(default)]
    pub image_id: u64,
    /// Number of its category.
    #[serde(default)]
    pub category_id: u64,
    /// Its pixels.
    pub segmentation: Segmentation,
    /// Number of its pixels, if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<f64>,
    /// The box around it, if stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BoundingBox>,
    /// Whether it is a group of objects that nobody told apart.
    #[serde(
        default,
        serialize_with = "flag_to_number",
        deserialize_with = "flag_of_number"
    )]
    pub iscrowd: bool,
}

/// A predicted object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Number of its image.
    pub image_id: u64,
    /// Number of its category.
    pub category_id: u64,
    /// Its pixels.
    pub segmentation: Segmentation,
    /// How sure the prediction is; higher is surer.
    pub score: f64,
}

/// Pixels of an object, as they stand in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Segmentation {
    /// Outlines `x, y, x, y, ...`; the object is their union.
    Polygons(Vec<Vec<f64>>),
    /// Run lengths: `[height, width]` and the counts.
    Runs([usize; 2], Vec<u32>),
    /// Compressed run lengths: `[height, width]` and the text.
    Text([usize; 2], String),
}

impl Segmentation {
    /// The mask in an image of `height` x `width` pixels.
    ///
    /// # Errors
    /// Those of [`polygons_mask`], [`Rle::new`] and [`Rle::from_text`], and
    /// [`AlgorithmError::ShapeMismatch`] for run lengths of another size.
    pub fn mask(&self, height: usize, width: usize) -> Result<Rle, AlgorithmError> {
        let checked = |size: &[usize; 2]| {
            crate::error::same_shape(("the mask", size), ("the image", &[height, width]))
        };
        match self {
            Self::Polygons(outlines) => polygons_mask(outlines, height, width),
            Self::Runs(size, counts) => {
                checked(size)?;
                Rle::new(height, width, counts.clone())
            }
            Self::Text(size, text) => {
                checked(size)?;
                Rle::from_text(height, width, text)
            }
        }
    }
}

impl From<&Rle> for Segmentation {
    fn from(mask: &Rle) -> Self {
        Self::Text([mask.height(), mask.width()], mask.to_text())
    }
}

impl Annotation {
    /// Its mask in an image of `height` x `width` pixels.
    ///
    /// # Errors
    /// [`CocoError::Segmentation`] naming the annotation.
    pub fn mask(&self, height: usize, width: usize) -> Result<Rle, CocoError> {
        let named = |cause| CocoError::Segmentation {
            what: format!("annotation {}", self.id),
            cause,
        };
        self.segmentation.mask(height, width).map_err(named)
    }
}

impl Dataset {
    /// Checks that ids are unique, and that annotations refer to images and categories there are.
    ///
    /// # Errors
    /// [`CocoError::DuplicateId`], [`CocoError::UnknownImage`] or [`CocoError::UnknownCategory`].
    pub fn check(&self) -> Result<(), CocoError> {
        let images = unique("images", self.images.iter().map(|image| image.id))?;
        let categories = unique("categories", self.categories.iter().map(|kind| kind.id))?;
        unique(
            "annotations",
            self.annotations.iter().map(|object| object.id),
        )?;
        for object in &self.annotations {
            let what = || format!("annotation {}", object.id);
            check_references(
                &images,
                object.image_id,
                &categories,
                object.category_id,
                what,
            )?;
        }
        Ok(())
    }

    /// Checks that detections refer to images and categories of this data set.
    ///
    /// # Errors
    /// [`CocoError::UnknownImage`] or [`CocoError::UnknownCategory`].
    pub fn check_detections(&self, detections: &[Detection]) -> Result<(), CocoError> {
        let images: BTreeSet<u64> = self.images.iter().map(|image| image.id).collect();
        let categories: BTreeSet<u64> = self.categories.iter().map(|kind| kind.id).collect();
        for (index, found) in detections.iter().enumerate() {
            let what = || format!("detection {}", index + 1);
            check_references(
                &images,
                found.image_id,
                &categories,
                found.category_id,
                what,
            )?;
        }
        Ok(())
    }

    /// The annotations of an image, in the file's order.
    pub fn of_image(&self, image: u64) -> impl Iterator<Item = &Annotation> {
        let annotations = self.annotations.iter();
        annotations.filter(move |annotation| annotation.image_id == image)
    }

    /// Category ids, which may have gaps, to classes `0..n` in ascending order of id.
    pub fn classes(&self) -> BTreeMap<u64, usize> {
        let ids: BTreeSet<u64> = self.categories.iter().map(|kind| kind.id).collect();
        ids.into_iter().zip(0..).collect()
    }
}

fn unique(what: &'static str, ids: impl Iterator<Item = u64>) -> Result<BTreeSet<u64>, CocoError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(CocoError::DuplicateId { what, id });
        }
    }
    Ok(seen)
}

fn check_references(
    images: &BTreeSet<u64>,
    image: u64,
    categories: &BTreeSet<u64>,
    category: u64,
    what: impl Fn() -> String,
) -> Result<(), CocoError> {
    if !images.contains(&image) {
        let what = what();
        return Err(CocoError::UnknownImage { what, image });
    }
    if !categories.contains(&category) {
        let what = what();
        return Err(CocoError::UnknownCategory { what, category });
    }
    Ok(())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn flag_to_number<S: Serializer>(flag: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*flag))
}

/// COCO writes 0 and 1, some tools `false` and `true`.
fn flag_of_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Flag;
    impl Visitor<'_> for Flag {
        type Value = bool;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("0 or 1")
        }
        fn visit_bool<E>(self, flag: bool) -> Result<bool, E> {
            Ok(flag)
        }
        fn visit_u64<E>(self, number: u64) -> Result<bool, E> {
            Ok(number != 0)
        }
    }
    deserializer.deserialize_any(Flag)
}

impl Serialize for Segmentation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Runs<'a, T> {
            size: &'a [usize; 2],
            counts: &'a T,
        }
        match self {
            Self::Polygons(outlines) => outlines.serialize(serializer),
            Self::Runs(size, counts) => Runs { size, counts }.serialize(serializer),
            Self::Text(size, counts) => Runs { size, counts }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Segmentation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SegmentationVisitor)
    }
}

struct SegmentationVisitor;

impl<'de> Visitor<'de> for SegmentationVisitor {
    type Value = Segmentation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of outlines, or run lengths with `size` and `counts`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Segmentation, A::Error> {
        let mut outlines = Vec::new();
        while let Some(outline) = list.next_element()? {
            outlines.push(outline);
        }
        Ok(Segmentation::Polygons(outlines))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Segmentation, A::Error> {
        let (mut size, mut counts) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "size" => size = Some(map.next_value()?),
                "counts" => counts = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let size: [usize; 2] = size.ok_or_else(|| A::Error::missing_field("size"))?;
        Ok(
            match counts.ok_or_else(|| A::Error::missing_field("counts"))? {
                Counts::List(counts) => Segmentation::Runs(size, counts),
                Counts::Text(text) => Segmentation::Text(size, text),
            },
        )
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected run lengths as a list of numbers or as text"
)]
enum Counts {
    List(Vec<u32>),
    Text(String),
}
