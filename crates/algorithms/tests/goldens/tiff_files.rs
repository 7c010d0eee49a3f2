//! TIFF files and the pixels that tifffile finds in them.

use coverslip_image::format::open;
use coverslip_image::{Axis, Image, ImageError, Pixels};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    (name == "tiff_samples").then_some(read as Run)
}

/// Each resolution that the case stores, the full one if it does not name them.
fn read(case: &Case) -> Result<Outcome, Failure> {
    let told = |error: ImageError| Failure::Case(error.to_string());
    let path = case.folder.join(case.param::<String>("file")?);
    let source = open(&path).map_err(told)?;
    let mut outcome = Outcome::default();
    for (name, level) in [
        ("pixels", 0),
        ("pixels_tzcyx", 0),
        ("level0", 0),
        ("level1", 1),
        ("level2", 2),
    ] {
        if case.wants(name) {
            let image = source.level(level).and_then(|source| source.read());
            let tensor = tensor(&image.map_err(told)?, &case.shape_of(name))?;
            outcome = outcome.with(name, tensor);
        }
    }
    Ok(outcome)
}

/// The pixels with the channels where the expected shape has them.
fn tensor(image: &Image, shape: &[usize]) -> Result<Tensor, Failure> {
    let mut tensor = match image.pixels() {
        Pixels::U8(array) => Tensor::of(&array.view()),
        Pixels::I8(array) => Tensor::of(&array.mapv(i32::from).view()),
        Pixels::U16(array) => Tensor::of(&array.view()),
        Pixels::I16(array) => Tensor::of(&array.mapv(i32::from).view()),
        Pixels::U32(array) => Tensor::of(&array.view()),
        Pixels::I32(array) => Tensor::of(&array.view()),
        Pixels::U64(array) => Tensor::of(&array.view()),
        Pixels::I64(array) => Tensor::of(&array.view()),
        Pixels::F32(array) => Tensor::of(&array.view()),
        Pixels::F64(array) => Tensor::of(&array.view()),
        other => return Err(Failure::Case(format!("samples of {}", other.dtype()))),
    };
    // Sections may be before or after channels with the same lengths: five axes are `T Z C Y X`.
    if tensor.shape != shape || shape.len() == 5 {
        let axes: Vec<Axis> = image.axes().iter().collect();
        tensor = in_order_of(&tensor, &axes, shape)
            .ok_or_else(|| Failure::Case(format!("{:?} instead of {shape:?}", tensor.shape)))?;
    }
    Ok(tensor)
}

/// Colours after the columns, or channels after sections, as the expected shape has them.
fn in_order_of(tensor: &Tensor, axes: &[Axis], shape: &[usize]) -> Option<Tensor> {
    let array = tensor.array::<f64>();
    let channel = axes.iter().position(|&axis| axis == Axis::C)?;
    let places = if shape.len() == 5 {
        2..3
    } else {
        0..axes.len()
    };
    for place in places {
        let mut order: Vec<usize> = (0..axes.len()).filter(|&axis| axis != channel).collect();
        order.insert(place, channel);
        let moved = array.view().permuted_axes(order);
        if moved.shape() == shape {
            let is_float = tensor.is_float;
            return Some(Tensor {
                is_float,
                ..Tensor::of(&moved)
            });
        }
    }
    None
}
