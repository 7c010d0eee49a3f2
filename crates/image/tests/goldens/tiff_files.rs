//! TIFF files and the pixels that tifffile finds in them.

use coverslip_image::format::read_image;
use coverslip_image::{Axis, Pixels};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    (name == "tiff_samples").then_some(read as Run)
}

/// The pixels with the axes in the order of the expected array: samples of a pixel come last.
fn read(case: &Case) -> Result<Outcome, Failure> {
    let path = case.folder.join(case.param::<String>("file")?);
    let image = read_image(&path).map_err(|error| Failure::Case(error.to_string()))?;
    let shape = case.shape_of("pixels");
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
    if tensor.shape != shape {
        let axes: Vec<Axis> = image.axes().iter().collect();
        tensor = in_order_of(&tensor, &axes, &shape)
            .ok_or_else(|| Failure::Case(format!("{:?} instead of {shape:?}", tensor.shape)))?;
    }
    Ok(Outcome::default().with("pixels", tensor))
}

/// Colours after the columns, or channels after sections, as the expected shape has them.
fn in_order_of(tensor: &Tensor, axes: &[Axis], shape: &[usize]) -> Option<Tensor> {
    let array = tensor.array::<f64>();
    let channel = axes.iter().position(|&axis| axis == Axis::C)?;
    for place in 0..axes.len() {
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
