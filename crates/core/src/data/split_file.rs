//! Tables that say which image is in which subset.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use coverslip_image::files::image_name;

use super::DataError;
use super::pairs::Files;

/// A split file: images by subset.
pub(super) struct SplitFile {
    path: PathBuf,
    /// File names as they stand in the table, by subset.
    subsets: BTreeMap<String, Vec<String>>,
}

impl SplitFile {
    pub(super) fn read(path: &Path) -> Result<Self, DataError> {
        let fault = |problem: String| DataError::SplitFile {
            path: path.to_owned(),
            problem,
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(path)
            .map_err(|error| csv_fault(path, error))?;
        let headers = reader
            .headers()
            .map_err(|error| csv_fault(path, error))?
            .clone();
        let column = |wanted: &str| {
            headers
                .iter()
                .position(|header| header == wanted)
                .ok_or_else(|| {
                    let found = headers.iter().collect::<Vec<_>>().join(", ");
                    fault(format!(
                        "the column `{wanted}` is missing, its first line is `{found}`"
                    ))
                })
        };
        let (file_column, split_column) = (column("file")?, column("split")?);
        let mut subsets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| csv_fault(path, error))?;
            let cell = |column| row.get(column).unwrap_or_default().to_owned();
            let (file, subset) = (cell(file_column), cell(split_column));
            if let Some(other) = seen.insert(file.clone(), subset.clone()) {
                let problem = format!("`{file}` is there twice, in `{other}` and in `{subset}`");
                return Err(fault(problem));
            }
            subsets.entry(subset).or_default().push(file);
        }
        Ok(Self {
            path: path.to_owned(),
            subsets,
        })
    }

    /// Those of the files of `folder` that are in the subset.
    pub(super) fn select(
        &self,
        subset: &str,
        folder: &Path,
        mut files: Files,
    ) -> Result<Files, DataError> {
        let Some(wanted) = self.subsets.get(subset) else {
            return Err(DataError::UnknownSubset {
                path: self.path.clone(),
                subset: subset.to_owned(),
                known: self.subsets.keys().cloned().collect(),
            });
        };
        let keys: BTreeSet<String> = wanted.iter().map(|file| key(file, &files)).collect();
        let missing: Vec<String> = wanted
            .iter()
            .filter(|file| !files.contains_key(&key(file, &files)))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(DataError::SplitNamesMissing {
                path: self.path.clone(),
                folder: folder.to_owned(),
                names: missing,
            });
        }
        files.retain(|name, _| keys.contains(name));
        Ok(files)
    }
}

/// The name of a file in the table: given without extension (a name may have dots) or with one.
fn key(file: &str, files: &Files) -> String {
    if files.contains_key(file) {
        file.to_owned()
    } else {
        image_name(Path::new(file))
    }
}

fn csv_fault(path: &Path, error: csv::Error) -> DataError {
    let mut problem = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => return DataError::io(path, cause),
        csv::ErrorKind::UnequalLengths {
            pos: Some(place),
            expected_len,
            len,
        } => {
            let line = place.line();
            problem = format!("line {line} has {len} columns, the first line {expected_len}");
        }
        csv::ErrorKind::Utf8 {
            pos: Some(place), ..
        } => {
            problem = format!("line {} is not UTF-8 text", place.line());
        }
        _ => {}
    }
    DataError::SplitFile {
        path: path.to_owned(),
        problem,
    }
}
