//! Histograms and class maps.

use coverslip_algorithms::exposure::histogram::{match_histogram, match_histogram_channels};
use coverslip_algorithms::segmentation::classmap::{above_cutoff, argmax, softmax};
use ndarray::Axis;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Tensor, with_stored_type};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "histogram_match" => histogram_match,
        "classmap" => classmap,
        _ => return None,
    })
}

fn histogram_match(case: &Case) -> Result<Outcome, Failure> {
    let (source, template) = (case.input("source")?, case.input("template")?);
    let channel: Option<isize> = case.param_or("channel_axis", None)?;
    let matched = with_stored_type!(source, |s| {
        with_stored_type!(template, |t| match channel {
            None => match_histogram(&s.view(), &t.view()),
            Some(axis) => {
                let axis = axis.rem_euclid(s.ndim() as isize) as usize;
                match_histogram_channels(&s.view(), &t.view(), axis)
            }
        })
    })?;
    // With channels the reference cuts off fractions to store the image's own type.
    if channel.is_some() && !source.is_float {
        let cut = matched.mapv(|value| value.floor() as i64);
        return Ok(Outcome::default().with("y", cut));
    }
    Ok(Outcome::default().with("y", matched))
}

fn classmap(case: &Case) -> Result<Outcome, Failure> {
    let logits = case.input("logits")?.array::<f32>();
    let probabilities = softmax(&logits.view())?;
    let second = probabilities.index_axis(Axis(0), 1);
    let cutoff = case.param_or("cutoff", 0.5)?;
    Ok(Outcome::default()
        .with("argmax", Tensor::from(argmax(&logits.view())?))
        .with("channel1_gt_0p5", above_cutoff(&second, cutoff)?)
        .with("softmax", probabilities.clone()))
}
