//! PNG and JPEG files, as another reader decodes them.

use coverslip_image::{Axis, Pixels, read_image};
use ndarray::IxDyn;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    (name == "png_jpeg_samples").then_some(samples)
}

fn samples(case: &Case) -> Result<Outcome, Failure> {
    let path = case.folder.join(case.param::<String>("file")?);
    let image = read_image(path).map_err(|error| error.to_string())?;
    let is_colour = image.axes().contains(Axis::C);
    let interleaved = |rank: usize| -> Vec<usize> {
        if is_colour {
            (1..rank).chain([0]).collect()
        } else {
            (0..rank).collect()
        }
    };
    let mut tensor = match image.pixels() {
        Pixels::U8(array) => Tensor::of(
            &array
                .view()
                .permuted_axes(IxDyn(&interleaved(array.ndim()))),
        ),
        Pixels::U16(array) => Tensor::of(
            &array
                .view()
                .permuted_axes(IxDyn(&interleaved(array.ndim()))),
        ),
        other => return Err(Failure::Case(format!("has {}", other.dtype()))),
    };
    if case.wants("rgb") {
        return Ok(Outcome::default().with("rgb", tensor));
    }
    // A bilevel image is read with its white as 255.
    if case.is_bool("pixels") {
        let is_bilevel = tensor
            .values
            .iter()
            .all(|&value| value == 0.0 || value == 255.0);
        if !is_bilevel {
            return Err(Failure::Case("is not bilevel".to_owned()));
        }
        tensor.values.iter_mut().for_each(|value| *value /= 255.0);
    }
    Ok(Outcome::default().with("pixels", tensor))
}
