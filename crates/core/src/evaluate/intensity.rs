//! Restored or predicted intensities.

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::metrics::image::{PairSums, fitted_squares, psnr};
use coverslip_algorithms::metrics::ssim::Ssim;
use coverslip_image::DType;
use ndarray::{ArrayView4, Axis};

use super::labels::of_pair;
use super::parts::Parts;
use super::scores::{Scores, named};
use super::{EvaluateError, EvaluateOptions, EvaluationPair, Table};

/// Sides of the SSIM windows in pixels: uniform and Gaussian.
const WINDOW_PIXELS: [usize; 2] = [7, 11];

/// What one image contributes.
pub(super) struct Measure {
    scores: Scores,
    range: RangeSource,
}

/// Where the data range came from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum RangeSource {
    Given(f64),
    FullRange(DType),
    Target,
}

/// Bytes of working memory per voxel and channel: both images as read and as floats, and the local
/// moments of the similarity.
const BYTES_PER_VOXEL: usize = 96;

pub(super) fn measure(
    pair: &EvaluationPair,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let parts = Parts::open(pair, options.memory, BYTES_PER_VOXEL, WINDOW_PIXELS[1] / 2)?;
    let sums = sums(&parts)?;
    let dtype = parts.target_dtype();
    let (range, source) = match (options.data_range, full_range(dtype)) {
        (Some(range), _) => (range, RangeSource::Given(range)),
        (None, Some(range)) => (range, RangeSource::FullRange(dtype)),
        (None, None) => (sums.spread(), RangeSource::Target),
    };
    Ok(Measure {
        scores: scores(&parts, &sums, range)?,
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
        WINDOW_PIXELS[0], WINDOW_PIXELS[1]
    ));
    Table {
        images: measures.iter().map(|one| one.scores.clone()).collect(),
        pooled: Scores::new(),
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

/// The sums over both images, which must be finite.
fn sums(parts: &Parts<'_>) -> Result<PairSums, EvaluateError> {
    let found = parts.map(|part| {
        let [prediction, target] = part.values()?;
        let views = [part.with_halo(&prediction, 0), part.with_halo(&target, 0)];
        let bad = views.each_ref().map(not_finite);
        let sums = PairSums::of(&views[0], &views[1]).map_err(of_pair(parts.pair))?;
        Ok((bad, sums))
    })?;
    for (which, path) in [&parts.pair.prediction, &parts.pair.target]
        .into_iter()
        .enumerate()
    {
        let count = found.iter().map(|(bad, _)| bad[which]).sum();
        if count > 0 {
            let path = path.clone();
            return Err(EvaluateError::NotFinite { path, count });
        }
    }
    let sums = found.into_iter().map(|(_, sums)| sums);
    sums.reduce(|all, one| all.joined(&one))
        .ok_or(EvaluateError::NoPairs)
}

fn not_finite(values: &ArrayView4<'_, f32>) -> usize {
    values.iter().filter(|value| !value.is_finite()).count()
}

/// The scores of one pair.
fn scores(parts: &Parts<'_>, sums: &PairSums, range: f64) -> Result<Scores, EvaluateError> {
    // A constant target has no range: distances are still defined, ratios to the range are not.
    let usable = if range > 0.0 { range } else { 1.0 };
    let pixels = sums.scores(usable).map_err(of_pair(parts.pair))?;
    let kinds = [Ssim::uniform(usable), Ssim::gaussian(usable)];
    let [_, depth, height, width] = parts.shape();
    let found = parts.map(|part| {
        let [prediction, target] = part.values()?;
        let views = [part.with_halo(&prediction, 0), part.with_halo(&target, 0)];
        let fitted = fitted_squares(&views[0], &views[1], sums.line());
        let similarity = |kind: usize| {
            let window = WINDOW_PIXELS[kind];
            let views = [&prediction, &target].map(|values| part.with_halo(values, window / 2));
            similarity(kinds[kind], window, views, depth >= window)
        };
        let of_part = || Ok((fitted?, [similarity(0)?, similarity(1)?]));
        of_part().map_err(of_pair(parts.pair))
    })?;
    let fitted = found.iter().map(|(squares, _)| squares).sum::<f64>() / sums.count();
    let similarity = |kind: usize| {
        let (sum, count) = (found.iter()).fold((0.0, 0), |(sum, count), (_, parts)| {
            (sum + parts[kind].0, count + parts[kind].1)
        });
        let fits = height.min(width) >= WINDOW_PIXELS[kind];
        if fits { sum / count as f64 } else { f64::NAN }
    };
    let ratio = |value: f64| if range > 0.0 { value } else { f64::NAN };
    let scores = [
        ("psnr", ratio(pixels.psnr)),
        ("psnr_fitted", ratio(psnr(fitted, usable))),
        ("ssim", ratio(similarity(0))),
        ("rmse", pixels.rmse),
        ("mae", pixels.mae),
        ("nrmse", pixels.nrmse),
        ("pearson", pixels.pearson),
        ("data_range", range),
        ("mse", pixels.mse),
        ("ssim_wang", ratio(similarity(1))),
    ];
    Ok(named(scores).collect())
}

/// The sum of the similarities of all windows that lie in images `C Z Y X`, and their number.
fn similarity(
    ssim: Ssim,
    window: usize,
    [prediction, target]: [ArrayView4<'_, f32>; 2],
    is_solid: bool,
) -> Result<(f64, usize), AlgorithmError> {
    let (_, depth, height, width) = target.dim();
    let places = |length: usize| (length + 1).saturating_sub(window);
    let sections = if is_solid { places(depth) } else { depth };
    let count = places(height) * places(width);
    if count * sections == 0 {
        return Ok((0.0, 0));
    }
    let (mut sum, mut total) = (0.0, 0);
    for (p, t) in prediction.outer_iter().zip(target.outer_iter()) {
        if is_solid {
            sum += ssim.mean(&p, &t)? * (count * sections) as f64;
        } else {
            let means = (0..sections)
                .map(|z| ssim.mean(&p.index_axis(Axis(0), z), &t.index_axis(Axis(0), z)))
                .collect::<Result<Vec<f64>, _>>()?;
            sum += means.iter().sum::<f64>() * count as f64;
        }
        total += count * sections;
    }
    Ok((sum, total))
}

fn full_range(dtype: DType) -> Option<f64> {
    (!dtype.is_float()).then(|| 2.0_f64.powi(8 * dtype.bytes() as i32) - 1.0)
}
