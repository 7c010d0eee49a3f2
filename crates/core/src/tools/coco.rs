//! COCO's files and folders of label images, both ways.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use coverslip_algorithms::{
    AlgorithmError,
    measure::coco::{
        Annotation, Category, CocoError, Dataset, ImageInfo, ToLabels, annotations_to_labels,
        labels_to_annotations, read_annotations, write_annotations,
    },
};
use coverslip_image::{
    Axis, Image, ImageError, Pixels, files::image_name, format::list_folder, read_image,
    write_image,
};
use ndarray::Array2;

use crate::{
    base::{error::Error, files, monitor::Monitor},
    data::DataError,
};

/// Most pixels of an image that labels are made for: a record of a few bytes may otherwise ask for
/// all memory.
const MAX_PIXELS: usize = 1 << 28;

/// Annotations that label images cannot be made of, or the other way round.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CocoFileError {
    /// The file cannot be read, written or used.
    #[error("{}", in_file(path, source))]
    File {
        /// The file of annotations.
        path: PathBuf,
        /// Why.
        source: Box<CocoError>,
    },
    /// An image record of no size, or of one that cannot be meant.
    #[error(
        "`{}` says that image {id} has {height} x {width} pixels, expected 1 to {MAX_PIXELS}",
        path.display()
    )]
    Size {
        /// The file of annotations.
        path: PathBuf,
        /// The image's number.
        id: u64,
        /// Its rows.
        height: usize,
        /// Its columns.
        width: usize,
    },
    /// Two image records would become the same file.
    #[error(
        "the images {first} and {second} of `{}` would both be written to `{}`",
        path.display(), output.display()
    )]
    SameOutput {
        /// The file of annotations.
        path: PathBuf,
        /// The number of one image.
        first: u64,
        /// The number of the other.
        second: u64,
        /// What they would be written to.
        output: PathBuf,
    },
    /// A label image cannot become annotations.
    #[error("`{}`: {source}", path.display())]
    Labels {
        /// The label image.
        path: PathBuf,
        /// Why.
        source: AlgorithmError,
    },
}

impl CocoFileError {
    /// The remedy.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::File { source, .. } => match &**source {
                CocoError::File { .. } => "check the path and its permissions",
                _ => "give COCO's annotations: an object with `images`, `annotations` and `categories`",
            }
            .to_owned(),
            Self::Size { .. } => "mend `height` and `width` of the record in `images`".to_owned(),
            Self::SameOutput { .. } => "give the images other names in `file_name`".to_owned(),
            Self::Labels { source, .. } => return source.hint(),
        })
    }

    fn of(path: &Path) -> impl Fn(CocoError) -> Self {
        |source| Self::File {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }
}

/// Names the file where the fault does not.
fn in_file(path: &Path, fault: &CocoError) -> String {
    match fault {
        CocoError::File { .. } | CocoError::Malformed { .. } => fault.to_string(),
        _ => format!("`{}`: {fault}", path.display()),
    }
}

/// What the pixels of a label image say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelMeaning {
    /// The number of the object, from 1 in the order of the file.
    Object,
    /// The class of the object, from 1 in the order of the categories' numbers.
    Class,
}

/// How many images and objects were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Label images, or image records.
    pub images: usize,
    /// Objects; crowds are none.
    pub objects: usize,
}

/// Writes a label image `NAME.tif` into `folder` for each image of COCO's annotations, objects as
/// polygons, run lengths or compressed run lengths. NAME is that of the image's file, without its
/// folder; images without objects become empty label images.
///
/// # Errors
///
/// [`CocoFileError`] when the annotations cannot be used, [`ImageError`] when an image cannot be
/// written.
pub fn annotations_to_folder(
    annotations: &Path,
    folder: &Path,
    options: &ToLabels,
    meaning: PixelMeaning,
    monitor: &dyn Monitor,
) -> Result<Written, Error> {
    let dataset = read_annotations(annotations).map_err(CocoFileError::of(annotations))?;
    let outputs = outputs(&dataset, annotations, folder)?;
    let mut of_image: BTreeMap<u64, Vec<Annotation>> = BTreeMap::new();
    for annotation in dataset.annotations.iter().cloned() {
        of_image
            .entry(annotation.image_id)
            .or_default()
            .push(annotation);
    }
    let classes = dataset.classes();
    files::create_folder(folder)?;
    let task = monitor.begin("images", dataset.images.len() as u64);
    let mut written = Written::default();
    for (info, output) in dataset.images.iter().zip(outputs) {
        let objects = of_image.remove(&info.id).unwrap_or_default();
        let map = annotations_to_labels(&objects, info.height, info.width, options)
            .map_err(CocoFileError::of(annotations))?;
        let labels = match meaning {
            PixelMeaning::Object => map.labels,
            PixelMeaning::Class => map.labels.mapv(|label| {
                let object = objects.get((label as usize).wrapping_sub(1));
                let class = object.and_then(|object| classes.get(&object.category_id));
                class.map_or(u32::from(object.is_some()), |&class| class as u32 + 1)
            }),
        };
        write_image(&output, &label_image(labels)?)?;
        written.images += 1;
        written.objects += objects.iter().filter(|object| !object.iscrowd).count();
        task.advance(1, &info.file_name);
    }
    Ok(written)
}

/// The files of the images, none of them twice.
fn outputs(
    dataset: &Dataset,
    annotations: &Path,
    folder: &Path,
) -> Result<Vec<PathBuf>, CocoFileError> {
    let mut taken: BTreeMap<PathBuf, u64> = BTreeMap::new();
    let path = || annotations.to_owned();
    let output = |info: &ImageInfo| {
        let (id, height, width) = (info.id, info.height, info.width);
        let pixels = height.checked_mul(width);
        if !pixels.is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels)) {
            let path = path();
            return Err(CocoFileError::Size {
                path,
                id,
                height,
                width,
            });
        }
        // Of the name only its last part: a file of others must not choose a folder.
        let last = info.file_name.rsplit(['/', '\\']).next();
        let name = image_name(Path::new(last.unwrap_or_default()));
        let name = if name.is_empty() || name == ".." {
            format!("image_{id}")
        } else {
            name
        };
        let output = folder.join(format!("{name}.tif"));
        match taken.insert(output.clone(), id) {
            Some(first) => Err(CocoFileError::SameOutput {
                path: path(),
                first,
                second: id,
                output,
            }),
            None => Ok(output),
        }
    };
    dataset.images.iter().map(output).collect()
}

fn label_image(labels: Array2<u32>) -> Result<Image, ImageError> {
    let is_narrow = labels.iter().all(|&label| u16::try_from(label).is_ok());
    let pixels: Pixels = if is_narrow {
        labels.mapv(|label| label as u16).into()
    } else {
        labels.into()
    };
    Image::new(
        pixels,
        coverslip_image::Axes::canonical(|axis| matches!(axis, Axis::Y | Axis::X)),
    )
}

/// Writes COCO's annotations of a label image, or of all in a folder, by name. All objects are of one
/// category; with `as_runs` they are compressed run lengths, else polygons along the edges of pixels,
/// which become the same labels again (objects with holes are run lengths).
///
/// # Errors
///
/// When a label image cannot be read or is no plane, or the annotations cannot be written.
pub fn labels_to_annotations_file(
    labels: &Path,
    annotations: &Path,
    category: &str,
    as_runs: bool,
    monitor: &dyn Monitor,
) -> Result<Written, Error> {
    let files = label_files(labels)?;
    let task = monitor.begin("images", files.len() as u64);
    let mut dataset = Dataset {
        images: Vec::new(),
        annotations: Vec::new(),
        categories: vec![Category {
            id: 1,
            name: category.to_owned(),
            supercategory: None,
        }],
    };
    for (id, path) in (1..).zip(&files) {
        let plane = plane(&read_image(path)?, path)?;
        let first = dataset.annotations.len() as u64 + 1;
        let objects = labels_to_annotations(&plane.view(), id, 1, first, as_runs);
        dataset
            .annotations
            .extend(objects.map_err(|source| CocoFileError::Labels {
                path: path.clone(),
                source,
            })?);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (height, width) = plane.dim();
        dataset.images.push(ImageInfo {
            id,
            file_name: name.to_string(),
            height,
            width,
        });
        task.advance(1, &name);
    }
    write_annotations(annotations, &dataset).map_err(CocoFileError::of(annotations))?;
    Ok(Written {
        images: dataset.images.len(),
        objects: dataset.annotations.len(),
    })
}

fn label_files(labels: &Path) -> Result<Vec<PathBuf>, Error> {
    if !labels.is_dir() || coverslip_image::format::is_image_folder(labels) {
        return Ok(vec![labels.to_owned()]);
    }
    let found = list_folder(labels).map_err(|cause| DataError::Io {
        path: labels.to_owned(),
        cause,
    })?;
    if found.images.is_empty() {
        return Err(DataError::NoImages {
            path: labels.to_owned(),
            extensions: coverslip_image::format::known_extensions(),
        }
        .into());
    }
    Ok(found.images)
}

fn plane(image: &Image, path: &Path) -> Result<Array2<u32>, ImageError> {
    let labels = image.to_labels_zyx()?;
    let sections = labels.dim().0;
    if sections != 1 {
        return Err(ImageError::Unsuitable {
            path: Some(path.to_owned()),
            problem: format!("has {sections} sections; COCO's images are planes"),
            remedy: "take one section with `coverslip convert IN OUT --crop z=0`".to_owned(),
        });
    }
    Ok(labels.index_axis_move(ndarray::Axis(0), 0))
}
