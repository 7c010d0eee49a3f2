//! Source images with their targets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coverslip_image::Axis;
use coverslip_image::files::image_name;
use coverslip_image::format::Listing;
use coverslip_image::format::open;
use coverslip_image::source::ImageInfo;
use sha2::{Digest, Sha256};

use super::DataError;
use super::error::{Companion, MOST_NAMES};
use super::split_file::SplitFile;
use crate::base::{
    listing::{self, SameName, by_name},
    words::list,
};

/// A source image and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePair {
    /// The file name of the source without its extension.
    pub name: String,
    /// The source image.
    pub source: PathBuf,
    /// The target: mask, labels or picture; nothing where a framework learns from sources alone.
    pub target: Option<PathBuf>,
    /// How much each pixel counts.
    pub weight: Option<PathBuf>,
}

impl ImagePair {
    /// The file of a companion, if the pair has it.
    fn companion(&self, what: Companion) -> Option<&Path> {
        match what {
            Companion::Target => self.target.as_deref(),
            Companion::Weights => self.weight.as_deref(),
        }
    }
}

/// Pairs of images in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSet {
    pairs: Vec<ImagePair>,
    warnings: Vec<String>,
}

impl DataSet {
    /// Pairs the images of two folders, or two single files.
    ///
    /// Two files belong together if their names are equal up to the extension (`.ome.tif` counts as
    /// one). Hidden files are passed over, files that are no images with a warning; targets
    /// without a source do no harm.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there is no such folder, no image in it, two files of one name, or a source
    /// without a target.
    pub fn from_folders(source: &Path, target: &Path) -> Result<Self, DataError> {
        Self::find(source, target, |_, sources| Ok(sources))
    }

    /// Pairs the images of two folders that a split file has in one subset.
    ///
    /// The file is a CSV table with the columns `file` and `split`. A file is given by its name,
    /// with or without extension.
    ///
    /// # Errors
    ///
    /// As [`DataSet::from_folders`]; besides if the table is not one, does not have the subset,
    /// puts an image into two subsets, or names an image that is not there.
    pub fn with_split(
        source: &Path,
        target: &Path,
        split: &Path,
        subset: &str,
    ) -> Result<Self, DataError> {
        let split = SplitFile::read(split)?;
        Self::find(source, target, |folder, sources| {
            split.select(subset, folder, sources)
        })
    }

    /// The images of a folder, or a single file, without targets.
    ///
    /// `split` is a split file as in [`DataSet::with_split`] and a subset of it.
    ///
    /// # Errors
    ///
    /// As [`DataSet::with_split`], targets apart.
    pub fn of_sources(source: &Path, split: Option<(&Path, &str)>) -> Result<Self, DataError> {
        let mut warnings = Vec::new();
        let mut files = if is_folder(source)? {
            list_images(source, &mut warnings)?
        } else {
            Files::from([(image_name(source), source.to_owned())])
        };
        if let Some((split, subset)) = split {
            files = SplitFile::read(split)?.select(subset, source, files)?;
        }
        let pair = |(name, source)| ImagePair {
            name,
            source,
            target: None,
            weight: None,
        };
        let pairs = files.into_iter().map(pair).collect();
        Ok(Self { pairs, warnings })
    }

    /// The same with the images of a folder, or a single file, that say how much each pixel counts. They
    /// have the names of their sources.
    ///
    /// # Errors
    ///
    /// [`DataError`] if there is no such folder, or a source has no image there.
    pub fn with_weights(mut self, weight: &Path) -> Result<Self, DataError> {
        if !is_folder(weight)? {
            let [pair] = &mut self.pairs[..] else {
                let folder = self.pairs.first().and_then(|pair| pair.source.parent());
                return Err(file_and_folder(weight, folder.unwrap_or(weight)));
            };
            pair.weight = Some(weight.to_owned());
            return Ok(self);
        }
        let files = list_images(weight, &mut self.warnings)?;
        let of = self.pairs.len();
        let mut names = Vec::new();
        for pair in &mut self.pairs {
            pair.weight = files.get(&pair.name).cloned();
            if pair.weight.is_none() {
                names.push(pair.name.clone());
            }
        }
        if names.is_empty() {
            return Ok(self);
        }
        let source = self.pairs.first().and_then(|pair| pair.source.parent());
        Err(DataError::MissingTargets {
            source_folder: source.unwrap_or(weight).to_owned(),
            target_folder: weight.to_owned(),
            names,
            of,
        })
    }

    /// The pairs at these positions, in their order.
    pub(super) fn subset(&self, keep: impl Fn(usize) -> bool) -> Self {
        let pairs = self
            .pairs
            .iter()
            .enumerate()
            .filter(|(index, _)| keep(*index));
        Self {
            pairs: pairs.map(|(_, pair)| pair.clone()).collect(),
            warnings: Vec::new(),
        }
    }

    fn find(
        source: &Path,
        target: &Path,
        select: impl FnOnce(&Path, Files) -> Result<Files, DataError>,
    ) -> Result<Self, DataError> {
        let mut warnings = Vec::new();
        let [source_files, target_files] = match (is_folder(source)?, is_folder(target)?) {
            (true, true) => [
                list_images(source, &mut warnings)?,
                list_images(target, &mut warnings)?,
            ],
            (false, false) => {
                // Two single files need not have the same name.
                let name = image_name(source);
                [source, target].map(|path| Files::from([(name.clone(), path.to_owned())]))
            }
            (true, false) => return Err(file_and_folder(target, source)),
            (false, true) => return Err(file_and_folder(source, target)),
        };
        let source_files = select(source, source_files)?;
        let of = source_files.len();
        let (mut pairs, mut names) = (Vec::new(), Vec::new());
        for (name, source) in source_files {
            match target_files.get(&name) {
                Some(target) => pairs.push(ImagePair {
                    name,
                    source,
                    target: Some(target.clone()),
                    weight: None,
                }),
                None => names.push(name),
            }
        }
        if !names.is_empty() {
            return Err(DataError::MissingTargets {
                source_folder: source.to_owned(),
                target_folder: target.to_owned(),
                names,
                of,
            });
        }
        Ok(Self { pairs, warnings })
    }

    /// The pairs.
    pub fn pairs(&self) -> &[ImagePair] {
        &self.pairs
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// What the user should know about the folders.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Checks, by the headers alone, that each target has the size of its source.
    ///
    /// # Errors
    ///
    /// [`DataError::SizesDiffer`] for the first pair that differs, [`DataError::Image`] for a file
    /// that cannot be opened.
    pub fn check_sizes(&self) -> Result<(), DataError> {
        self.pairs.iter().try_for_each(|pair| {
            let source = size_zyx(open(&pair.source)?.info());
            for what in [Companion::Target, Companion::Weights] {
                if let Some(path) = pair.companion(what) {
                    check_sizes(pair, what, source, size_zyx(open(path)?.info()))?;
                }
            }
            Ok(())
        })
    }

    /// A hash of the names and contents of all images: equal for the same data elsewhere.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if a file is not there any more or cannot be read.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        let mut hash = Sha256::new();
        for pair in &self.pairs {
            hash.update(pair.name.as_bytes());
            let companions = pair.target.iter().chain(&pair.weight);
            for path in std::iter::once(&pair.source).chain(companions) {
                // No name has a zero byte: it ends the name.
                hash.update([0]);
                hash_contents(path, &mut hash).map_err(|error| DataError::io(path, error))?;
            }
        }
        let digest = hash.finalize();
        Ok(digest
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
    }
}

/// Adds the length and the bytes of a file, or those of a folder's files in the order of their names.
fn hash_contents(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    if !path.is_dir() {
        let mut file = fs::File::open(path)?;
        hash.update(file.metadata()?.len().to_le_bytes());
        std::io::copy(&mut file, hash)?;
        return Ok(());
    }
    let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<std::io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default();
        hash.update(name.as_encoded_bytes());
        hash.update([0]);
        hash_contents(&entry, hash)?;
    }
    Ok(())
}

/// Image files by their name without extension.
pub(super) type Files = BTreeMap<String, PathBuf>;

/// Whether the path is a folder.
fn is_folder(path: &Path) -> Result<bool, DataError> {
    fs::metadata(path)
        .map(|metadata| metadata.is_dir())
        .map_err(|error| DataError::io(path, error))
}

fn file_and_folder(file: &Path, folder: &Path) -> DataError {
    DataError::FileAndFolder {
        file: file.to_owned(),
        folder: folder.to_owned(),
    }
}

/// The image files of a folder.
fn list_images(folder: &Path, warnings: &mut Vec<String>) -> Result<Files, DataError> {
    let Listing { images, others } =
        listing::list_images(folder).map_err(|fault| DataError::listing(folder, fault))?;
    let files = by_name(images)
        .map_err(|SameName { first, second, .. }| DataError::SameName { first, second })?;
    if !others.is_empty() {
        let folder = folder.display();
        warnings.push(format!(
            "passed over files in `{folder}` that are no images: {}",
            list(&others, MOST_NAMES)
        ));
    }
    Ok(files)
}

fn size_zyx(info: &ImageInfo) -> [usize; 3] {
    [Axis::Z, Axis::Y, Axis::X].map(|axis| info.len_of(axis))
}

/// Compares the sizes along Z, Y and X of a source and what goes with it.
pub(super) fn check_sizes(
    pair: &ImagePair,
    what: Companion,
    source: [usize; 3],
    target: [usize; 3],
) -> Result<(), DataError> {
    if source == target {
        return Ok(());
    }
    // A section count is worth a mention only if there is one.
    let is_flat = source[0] == 1 && target[0] == 1;
    let words = |[z, y, x]: [usize; 3]| {
        if is_flat {
            format!("{y} x {x} pixels (YX)")
        } else {
            format!("{z} x {y} x {x} pixels (ZYX)")
        }
    };
    let path = pair.companion(what).unwrap_or(&pair.source);
    Err(DataError::SizesDiffer {
        what,
        source_path: pair.source.clone(),
        target_path: path.to_owned(),
        source_size: words(source).into(),
        target_size: words(target).into(),
    })
}
