//! Restored or predicted intensities.

use coverslip_image::metrics::image::{image_scores, linear_fit, psnr};
use coverslip_image::metrics::ssim::Ssim;
use coverslip_image::{AlgorithmError, DType, Image, read_image};
use ndarray::{Array4, ArrayView2, ArrayView3, Axis};

use super::labels::{of_pair, same_size};
use super::{EvaluateError, EvaluationPair, Table};
use crate::finite::NotFinite;

/// Sides of the SSIM windows in pixels: uniform and Gaussian.
const WINDOWS: [usize; 2] = [7, 11];

/// What one image contributes.
pub(super) struct Measure {
    scores: [f64; 10],
    range: RangeSource,
}

/// Where the data range came from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RangeSource {
    Given(f64),
    FullRange(DType),
    Target,
}

pub(super) fn measure(
    pair: &EvaluationPair,
    data_range: Option<f64>,
) -> Result<Measure, EvaluateError> {
    let prediction = finite(pair, &read_image(&pair.prediction)?, false)?;
    let target_image = read_image(&pair.target)?;
    let target = finite(pair, &target_image, true)?;
    let shape = |image: &Array4<f32>| {
        let (c, z, y, x) = image.dim();
        [c, z, y, x]
    };
    same_size(pair, shape(&prediction), shape(&target))?;
    let (range, source) = match (data_range, full_range(target_image.dtype())) {
        (Some(range), _) => (range, RangeSource::Given(range)),
        (None, Some(range)) => (range, RangeSource::FullRange(target_image.dtype())),
        (None, None) => (spread(&target), RangeSource::Target),
    };
    let scores = scores(&prediction, &target, range).map_err(of_pair(pair))?;
    Ok(Measure {
        scores,
        range: source,
    })
}

pub(super) fn table(measures: &[Measure]) -> Table {
    let mut sources: Vec<RangeSource> = Vec::new();
    for one in measures {
        if !sources.contains(&one.range) {
            sources.push(one.range);
        }
    }
    let mut notes: Vec<String> = sources.into_iter().map(RangeSource::note).collect();
    notes.push("psnr_fitted is the PSNR after the least-squares fit a * prediction + b".to_owned());
    notes.push(format!(
        "ssim uses a uniform window of {} pixels a side and sample covariance, ssim_wang the \
         Gaussian window of {}; stacks of fewer sections are scored section by section; smaller \
         images have none",
        WINDOWS[0], WINDOWS[1]
    ));
    let columns = [
        "psnr",
        "psnr_fitted",
        "ssim",
        "rmse",
        "mae",
        "nrmse",
        "pearson",
        "data_range",
        "mse",
        "ssim_wang",
    ];
    Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows: measures.iter().map(|one| one.scores.to_vec()).collect(),
        pooled: Vec::new(),
        notes,
        confusion: None,
    }
}

impl RangeSource {
    fn note(self) -> String {
        match self {
            Self::Given(range) => format!("the data range is {range}, as given"),
            Self::FullRange(dtype) => format!("the data range is the full range of {dtype}"),
            Self::Target => {
                "the data range is the maximum minus the minimum of each target, which are floats"
                    .to_owned()
            }
        }
    }
}

fn finite(
    pair: &EvaluationPair,
    image: &Image,
    is_target: bool,
) -> Result<Array4<f32>, EvaluateError> {
    let values = image.to_czyx_f32()?;
    let Some(NotFinite { count, .. }) = NotFinite::find(&values) else {
        return Ok(values);
    };
    let path = if is_target {
        &pair.target
    } else {
        &pair.prediction
    };
    Err(EvaluateError::NotFinite {
        path: path.clone(),
        count,
    })
}

/// Columns of [`table`] for one pair.
fn scores(
    prediction: &Array4<f32>,
    target: &Array4<f32>,
    range: f64,
) -> Result<[f64; 10], AlgorithmError> {
    // A constant target has no range: distances are still defined, ratios to the range are not.
    let usable = if range > 0.0 { range } else { 1.0 };
    let pixels = image_scores(&prediction.view(), &target.view(), usable)?;
    let fitted = linear_fit(&prediction.view(), &target.view())?;
    let ratio = |value: f64| if range > 0.0 { value } else { f64::NAN };
    Ok([
        ratio(pixels.psnr),
        ratio(psnr(fitted.mse, usable)),
        ratio(mean_ssim(
            prediction,
            target,
            Ssim::uniform(usable),
            WINDOWS[0],
        )?),
        pixels.rmse,
        pixels.mae,
        pixels.nrmse,
        pixels.pearson,
        range,
        pixels.mse,
        ratio(mean_ssim(
            prediction,
            target,
            Ssim::gaussian(usable),
            WINDOWS[1],
        )?),
    ])
}

/// Mean over channels; NaN for images smaller than the window.
fn mean_ssim(
    prediction: &Array4<f32>,
    target: &Array4<f32>,
    ssim: Ssim,
    window: usize,
) -> Result<f64, AlgorithmError> {
    let (channels, depth, height, width) = target.dim();
    if height < window || width < window {
        return Ok(f64::NAN);
    }
    let mut sum = 0.0;
    for (p, t) in prediction.outer_iter().zip(target.outer_iter()) {
        sum += if depth >= window {
            ssim.mean(&p, &t)?
        } else {
            by_section(ssim, &p, &t)?
        };
    }
    Ok(sum / channels as f64)
}

fn by_section(
    ssim: Ssim,
    prediction: &ArrayView3<'_, f32>,
    target: &ArrayView3<'_, f32>,
) -> Result<f64, AlgorithmError> {
    let sections = prediction.axis_iter(Axis(0)).zip(target.axis_iter(Axis(0)));
    let one = |(p, t): (ArrayView2<'_, f32>, ArrayView2<'_, f32>)| ssim.mean(&p, &t);
    let scores: Vec<f64> = sections.map(one).collect::<Result<_, _>>()?;
    Ok(scores.iter().sum::<f64>() / scores.len() as f64)
}

fn full_range(dtype: DType) -> Option<f64> {
    (!dtype.is_float()).then(|| 2.0_f64.powi(8 * dtype.bytes() as i32) - 1.0)
}

fn spread(target: &Array4<f32>) -> f64 {
    let ends = target
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
    if ends.0 <= ends.1 {
        f64::from(ends.1) - f64::from(ends.0)
    } else {
        0.0
    }
}
