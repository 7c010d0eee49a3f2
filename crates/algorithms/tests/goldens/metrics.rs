//! Scores and their uncertainty.

use coverslip_algorithms::metrics::bootstrap::{interval, mean, median, standard_deviation};
use coverslip_algorithms::metrics::image::image_scores;
use coverslip_algorithms::metrics::instance::{OverlapTable, simplified_iou};
use coverslip_algorithms::metrics::semantic::{ClassScores, Confusion, MaskOverlap};
use coverslip_algorithms::metrics::ssim::{GlobalSsim, Ssim, SsimWindow, global_ssim};
use ndarray::{ArrayD, Axis};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "metric_image" => image,
        "metric_ssim" => ssim,
        "ssim_global" => whole_image_ssim,
        "metric_segmentation" => segmentation,
        "metric_dice_binary" => dice_binary,
        "metric_instance" => instance,
        "metric_instance_mmv" => instance_simplified,
        "metric_partition" => partition,
        "bootstrap_ci" => bootstrap,
        _ => return None,
    })
}

fn image(case: &Case) -> Result<Outcome, Failure> {
    let (prediction, truth) = (case.input("pred")?, case.input("truth")?);
    let range = case.param("data_range")?;
    let scores = with_stored_type!(prediction, |p| {
        with_stored_type!(truth, |t| image_scores(&p.view(), &t.view(), range))
    })?;
    Ok(Outcome::default()
        .with("mse", Tensor::scalar(scores.mse))
        .with("rmse", Tensor::scalar(scores.rmse))
        .with("mae", Tensor::scalar(scores.mae))
        .with("nrmse_minmax", Tensor::scalar(scores.nrmse))
        .with("psnr", Tensor::scalar(scores.psnr))
        .with("pearson", Tensor::scalar(scores.pearson)))
}

fn ssim(case: &Case) -> Result<Outcome, Failure> {
    let gaussian: bool = case.param_or("gaussian_weights", false)?;
    let window = if gaussian {
        SsimWindow::Gaussian {
            sigma: case.param_or("sigma", 1.5)?,
        }
    } else {
        SsimWindow::Uniform {
            size: case.param_or("win_size", 7)?,
        }
    };
    let ssim = Ssim {
        window,
        data_range: case.param("data_range")?,
        sample_covariance: case.param_or("use_sample_covariance", true)?,
        k: [case.param_or("K1", 0.01)?, case.param_or("K2", 0.03)?],
    };
    let (prediction, truth) = (
        case.input("pred")?.array::<f64>(),
        case.input("truth")?.array(),
    );
    let channel: Option<isize> = case.param_or("channel_axis", None)?;
    let Some(channel) = channel else {
        return Ok(Outcome::default()
            .with(
                "ssim",
                Tensor::scalar(ssim.mean(&prediction.view(), &truth.view())?),
            )
            .with("map", ssim.map(&prediction.view(), &truth.view())?));
    };
    let axis = Axis(channel.rem_euclid(truth.ndim() as isize) as usize);
    let mut map: ArrayD<f64> = truth.clone();
    let mut sum = 0.0;
    for index in 0..truth.len_of(axis) {
        let (p, t) = (
            prediction.index_axis(axis, index),
            truth.index_axis(axis, index),
        );
        sum += ssim.mean(&p, &t)?;
        map.index_axis_mut(axis, index).assign(&ssim.map(&p, &t)?);
    }
    let mean = sum / truth.len_of(axis) as f64;
    Ok(Outcome::default()
        .with("ssim", Tensor::scalar(mean))
        .with("map", map))
}

fn whole_image_ssim(case: &Case) -> Result<Outcome, Failure> {
    let (a, b) = (
        case.input("a")?.array::<f64>(),
        case.input("b")?.array::<f64>(),
    );
    let (range, k) = (case.param("L")?, [case.param("k1")?, case.param("k2")?]);
    let of = |constants| global_ssim(&a.view(), &b.view(), range, k, constants);
    Ok(Outcome::default()
        .with("paper", Tensor::scalar(of(GlobalSsim::Paper)?))
        .with("wang", Tensor::scalar(of(GlobalSsim::Wang)?)))
}

fn segmentation(case: &Case) -> Result<Outcome, Failure> {
    let (prediction, truth) = (
        case.input("pred")?.array::<u32>(),
        case.input("truth")?.array::<u32>(),
    );
    let classes = case.param("classes")?;
    let confusion = Confusion::of(&prediction.view(), &truth.view(), classes)?;
    let per_class = confusion.per_class();
    let column = |score: fn(&ClassScores) -> f64| {
        Tensor::vector(&per_class.iter().map(score).collect::<Vec<_>>())
    };
    let triple =
        |scores: ClassScores| Tensor::vector(&[scores.precision, scores.recall, scores.f1]);
    Ok(Outcome::default()
        .with("confusion", confusion.counts().clone())
        .with("accuracy", Tensor::scalar(confusion.accuracy()))
        .with("precision", column(|class| class.precision))
        .with("recall", column(|class| class.recall))
        .with("f1", column(|class| class.f1))
        .with("iou", column(|class| class.iou))
        .with("macro", triple(confusion.macro_mean(0)))
        .with("weighted", triple(confusion.weighted_mean()))
        .with("micro", Tensor::scalar(confusion.micro(0).f1))
        .with("micro_no_background", Tensor::scalar(confusion.micro(1).f1)))
}

fn dice_binary(case: &Case) -> Result<Outcome, Failure> {
    let (prediction, truth) = (case.input("pred")?.array(), case.input("truth")?.array());
    let overlap = MaskOverlap::of(&prediction.view(), &truth.view())?;
    Ok(Outcome::default()
        .with("dice", Tensor::scalar(overlap.dice()))
        .with("dice_milesial", Tensor::scalar(overlap.smoothed_dice()))
        .with("iou", Tensor::scalar(overlap.iou())))
}

fn overlap_table(case: &Case) -> Result<OverlapTable, Failure> {
    let (prediction, truth) = (
        case.input("pred")?.array::<u32>(),
        case.input("truth")?.array::<u32>(),
    );
    Ok(OverlapTable::of(&prediction.view(), &truth.view())?)
}

fn instance(case: &Case) -> Result<Outcome, Failure> {
    let table = overlap_table(case)?;
    let thresholds: Vec<f64> = case.param("thresholds")?;
    let mut rows = Vec::new();
    for &threshold in &thresholds {
        let m = table.matching(threshold)?;
        let counts = [m.true_positives, m.false_positives, m.false_negatives].map(|n| n as f64);
        rows.push(threshold);
        rows.extend(counts);
        // The stored table follows StarDist, which gives images without objects a 0.
        rows.extend([
            m.precision(),
            m.recall(),
            m.average_precision_or(0.0),
            m.f1(),
        ]);
        rows.extend([m.mean_matched(), m.mean_true(), m.panoptic_quality()]);
    }
    let mut matching = Tensor::vector(&rows);
    matching.shape = vec![thresholds.len(), 11];
    let panoptic = table.panoptic_matching();
    let panoptic = [
        panoptic.panoptic_quality(),
        panoptic.mean_matched(),
        panoptic.f1(),
    ];
    let dice = table.symmetric_dice();
    let jaccard = table.jaccard();
    Ok(Outcome::default()
        .with("matching", matching)
        .with("panoptic", Tensor::vector(&panoptic))
        .with(
            "sbd",
            Tensor::vector(&[dice.symmetric, dice.of_truth, dice.of_prediction]),
        )
        .with("aji", Tensor::scalar(jaccard.aggregated))
        .with("aji_plus", Tensor::scalar(jaccard.one_to_one))
        .with("ctc_seg", Tensor::scalar(table.covered_jaccard()))
        .with("dsb_mean_ap", Tensor::scalar(table.dsb_score()))
        .with("count_difference", Tensor::scalar(table.count_difference())))
}

fn instance_simplified(case: &Case) -> Result<Outcome, Failure> {
    let (prediction, truth) = (case.input("pred")?.array(), case.input("truth")?.array());
    let exclusion = case.optional("exclusion").map(Tensor::array::<bool>);
    let found = simplified_iou(
        &prediction.view(),
        &truth.view(),
        exclusion.as_ref().map(|mask| mask.view()).as_ref(),
        case.param("border")?,
        case.param("min_overlap_fraction")?,
    )?;
    Ok(Outcome::default().with("score", Tensor::scalar(found.score)))
}

fn partition(case: &Case) -> Result<Outcome, Failure> {
    let table = overlap_table(case)?;
    let (rand, voi) = (table.adapted_rand(), table.variation_of_information());
    Ok(Outcome::default()
        .with(
            "adapted_rand",
            Tensor::vector(&[rand.error, rand.precision, rand.recall]),
        )
        .with("voi", Tensor::vector(&[voi.splits, voi.merges])))
}

fn bootstrap(case: &Case) -> Result<Outcome, Failure> {
    let values = &case.input("x")?.values;
    let statistic = match case.param::<String>("statistic")?.as_str() {
        "mean" => mean,
        "median" => median,
        "std" => standard_deviation,
        other => return Err(Failure::Case(format!("unknown statistic `{other}`"))),
    };
    let indices = case.input("indices")?.array::<usize>();
    let statistics: Vec<f64> = indices
        .outer_iter()
        .map(|row| statistic(&row.iter().map(|&index| values[index]).collect::<Vec<_>>()))
        .collect();
    let found = interval(values, &statistics, case.param("alpha")?, statistic)?;
    Ok(Outcome::default()
        .with("estimate", Tensor::scalar(found.estimate))
        .with("std_error", Tensor::scalar(found.standard_error))
        .with("percentile", Tensor::vector(&found.percentile))
        .with("bca", Tensor::vector(&found.bca)))
}
