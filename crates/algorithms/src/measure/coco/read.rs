//! Annotation files, read as a stream: a file of a gigabyte is never in memory as text.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::CocoError;
use super::annotation::{Annotation, Dataset, Detection};

/// Reads an annotation file and checks its references ([`Dataset::check`]).
///
/// `annotations` may be a list, or an object whose keys are the ids, as in releases of LIVECell.
/// Keys that are not known are skipped.
///
/// # Errors
/// [`CocoError::File`], [`CocoError::Malformed`] with line and column, and those of
/// [`Dataset::check`].
pub fn read_annotations(path: &Path) -> Result<Dataset, CocoError> {
    let dataset: Dataset = read(path)?;
    dataset.check()?;
    Ok(dataset)
}

/// Reads a file of results: a list of detections.
///
/// # Errors
/// [`CocoError::File`] or [`CocoError::Malformed`].
pub fn read_detections(path: &Path) -> Result<Vec<Detection>, CocoError> {
    read::<Elements<Detection>>(path).map(|list| list.0)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CocoError> {
    let path_buf = || path.to_path_buf();
    let file = File::open(path).map_err(|cause| CocoError::File {
        path: path_buf(),
        cause,
    })?;
    let reader = BufReader::with_capacity(1 << 18, file);
    serde_json::from_reader(reader).map_err(|error| CocoError::Malformed {
        path: path_buf(),
        problem: error.to_string(),
    })
}

impl<'de> Deserialize<'de> for Dataset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DatasetVisitor)
    }
}

struct DatasetVisitor;

impl<'de> Visitor<'de> for DatasetVisitor {
    type Value = Dataset;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `images`, `annotations` and `categories`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dataset, A::Error> {
        let (mut images, mut annotations, mut categories) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "images" => images = Some(map.next_value()?),
                "categories" => categories = Some(map.next_value()?),
                "annotations" => {
                    annotations = Some(map.next_value::<Elements<Annotation>>()?.0);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Dataset {
            images: images.ok_or_else(|| A::Error::missing_field("images"))?,
            annotations: annotations.ok_or_else(|| A::Error::missing_field("annotations"))?,
            categories: categories.unwrap_or_default(),
        })
    }
}

/// A list, or an object whose values are the list; faults name the element.
struct Elements<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementsVisitor(PhantomData))
    }
}

struct ElementsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ElementsVisitor<T> {
    type Value = Elements<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list, or an object of ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<T>, A::Error> {
        let mut elements = Vec::new();
        loop {
            let next = list.next_element_seed(Named(elements.len() + 1, PhantomData))?;
            match next {
                Some(element) => elements.push(element),
                None => return Ok(Elements(elements)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Elements<T>, A::Error> {
        let mut elements = Vec::new();
        while map.next_key::<IgnoredAny>()?.is_some() {
            elements.push(map.next_value_seed(Named(elements.len() + 1, PhantomData))?);
        }
        Ok(Elements(elements))
    }
}

/// Says which element of a list is at fault.
struct Named<T>(usize, PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Named<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let named = |error| D::Error::custom(format!("number {} of the list: {error}", self.0));
        T::deserialize(deserializer).map_err(named)
    }
}
