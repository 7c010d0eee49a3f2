//! Cases of file formats: the pixels that the reference library reads.

use coverslip_image::format::{OpenOptions, open, open_with};
use coverslip_image::source::Source;
use coverslip_image::{ImageError, Pixels};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "ome_zarr_samples" => ome_zarr_samples,
        _ => return None,
    })
}

fn ome_zarr_samples(case: &Case) -> Result<Outcome, Failure> {
    let mut path = case.folder.join(case.param::<String>("path")?);
    if !path.exists() {
        // The copies beside this file are packed: hundreds of tiny files are slow to check out.
        path.as_mut_os_string().push(".zip");
    }
    let image = open(&path).map_err(|error| failed(&error))?;
    let labels = image
        .info()
        .series
        .iter()
        .find(|name| name.starts_with("labels/"))
        .cloned();
    let options = OpenOptions {
        series: labels,
        ..OpenOptions::default()
    };
    let labels = open_with(&path, &options).map_err(|error| failed(&error))?;
    Ok(Outcome::default()
        .with("level0", pixels(&*image, 0)?)
        .with("level1", pixels(&*image, 1)?)
        .with("labels0", pixels(&*labels, 0)?))
}

fn pixels(source: &dyn Source, level: usize) -> Result<Tensor, Failure> {
    let image = source
        .level(level)
        .and_then(|level| level.read())
        .map_err(|error| failed(&error))?;
    match image.into_pixels() {
        Pixels::U16(array) => Ok(array.into()),
        other => Err(Failure::Case(format!("samples of type {}", other.dtype()))),
    }
}

pub(crate) fn failed(error: &ImageError) -> Failure {
    Failure::Case(error.to_string())
}
