//! Tile positions, weights and blending.

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::patches::tile::{
    Blender, PositionRule, Window, partition_windows, positions,
};
use coverslip_algorithms::transform::pad::Padding;
use ndarray::{Array3, Axis};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "sliding_positions" => sliding_positions,
        "importance_map" => importance_map,
        "hann_partition" => hann_partition,
        "sliding_blend" => sliding_blend,
        _ => return None,
    })
}

fn starts_tensor(starts: &[Vec<usize>], rank: usize) -> Tensor {
    let mut tensor = Tensor::vector(&starts.concat());
    tensor.shape = vec![starts.len(), rank];
    tensor
}

fn sliding_positions(case: &Case) -> Result<Outcome, Failure> {
    let image: Vec<usize> = case.param("image")?;
    let (tile, overlap) = (case.param::<Vec<usize>>("roi")?, case.param("overlap")?);
    let starts = |rule| -> Result<Tensor, AlgorithmError> {
        Ok(starts_tensor(
            &positions(&image, &tile, overlap, rule)?,
            image.len(),
        ))
    };
    Ok(Outcome::default()
        .with("monai", starts(PositionRule::Fixed)?)
        .with("nnunet", starts(PositionRule::Even)?))
}

fn importance_map(case: &Case) -> Result<Outcome, Failure> {
    let shape: Vec<usize> = case.param("patch")?;
    let sigma_scale = case.param("sigma_scale")?;
    Ok(Outcome::default()
        .with(
            "monai_gaussian",
            Window::Gaussian { sigma_scale }.weights(&shape)?,
        )
        .with(
            "nnunet_gaussian",
            Window::GaussianNnunet { sigma_scale }.weights(&shape)?,
        )
        .with("hann_midpoint", Window::Hann.weights(&shape)?)
        .with("hann_symmetric", Window::HannSymmetric.weights(&shape)?))
}

fn hann_partition(case: &Case) -> Result<Outcome, Failure> {
    let (length, count, step): (usize, usize, usize) = (
        case.param("patch")?,
        case.param("count")?,
        case.param("step")?,
    );
    let windows = partition_windows(length, count)?;
    let mut sum = vec![0.0; length + step * count.saturating_sub(1)];
    for (index, window) in windows.iter().enumerate() {
        for (offset, weight) in window.iter().enumerate() {
            sum[index * step + offset] += weight;
        }
    }
    let mut stacked = Tensor::vector(&windows.concat());
    stacked.shape = vec![count, length];
    Ok(Outcome::default()
        .with("windows", stacked)
        .with("sum", Tensor::vector(&sum)))
}

fn sliding_blend(case: &Case) -> Result<Outcome, Failure> {
    let image: Vec<usize> = case.param("image")?;
    let tile: Vec<usize> = case.param("roi")?;
    let padding = Padding::to_size(&image, &tile)?;
    let stored: Vec<(usize, usize)> = case.param("padding")?;
    if stored != padding.widths {
        return Err(Failure::Case(format!(
            "pads by {:?}, expected {stored:?}",
            padding.widths
        )));
    }
    let padded: Vec<usize> = image
        .iter()
        .zip(&padding.widths)
        .map(|(n, (low, high))| n + low + high)
        .collect();
    let starts = positions(&padded, &tile, case.param("overlap")?, PositionRule::Fixed)?;
    let window = match case.param::<String>("mode")?.as_str() {
        "gaussian" => Window::Gaussian {
            sigma_scale: case.param_or("sigma_scale", 0.125)?,
        },
        "constant" => Window::Constant,
        other => return Err(Failure::Case(format!("unknown mode `{other}`"))),
    };
    let predictions = case.input("window_predictions")?;
    let blended = blend(predictions, &starts, zyx(&padded, 1)?, &window, &tile)?;
    let blended = blended.into_shape_with_order([&[predictions.shape[1]], &padded[..]].concat());
    let blended = blended.map_err(|error| error.to_string())?;
    let channels = Padding {
        widths: [&[(0, 0)], &padding.widths[..]].concat(),
    };
    Ok(Outcome::default()
        .with("starts", starts_tensor(&starts, image.len()))
        .with("blended", Tensor::of(&channels.crop(blended.view())?)))
}

fn blend(
    predictions: &Tensor,
    starts: &[Vec<usize>],
    image: [usize; 3],
    window: &Window,
    tile: &[usize],
) -> Result<ndarray::ArrayD<f32>, Failure> {
    let channels = predictions.shape[1];
    let shape = zyx(tile, 1)?;
    let weights: Array3<f32> = window
        .weights(&shape)?
        .mapv(|weight| weight as f32)
        .into_dimensionality()
        .map_err(|error| error.to_string())?;
    let mut blender = Blender::new(channels, image);
    for (start, values) in starts
        .iter()
        .zip(predictions.array::<f32>().axis_iter(Axis(0)))
    {
        let values = values
            .to_shape((channels, shape[0], shape[1], shape[2]))
            .map_err(|error| error.to_string())?;
        blender.add(zyx(start, 0)?, values.view(), weights.view())?;
    }
    Ok(blender.finish()?.into_dyn())
}

/// Three axes from two or three.
fn zyx(values: &[usize], missing: usize) -> Result<[usize; 3], Failure> {
    match *values {
        [y, x] => Ok([missing, y, x]),
        [z, y, x] => Ok([z, y, x]),
        _ => Err(Failure::Case(format!("{} axes", values.len()))),
    }
}
