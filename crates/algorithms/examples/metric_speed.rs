//! Times metrics for `benches/compare_metrics.py`.
//!
//! ```text
//! metric_speed precision TRUTH PREDICTION REPEATS
//! metric_speed pairs TRUTH PREDICTION SIDE REPEATS
//! ```
//!
//! `precision` reads two square label maps of 32-bit integers and prints the average precision at
//! each threshold; `pairs` reads square images of `f32` from 0 to 1, one after the other, and prints
//! RMSE, PSNR and SSIM of each pair. Before that come the seconds of each repeat, one a line, then
//! an empty line.
#![expect(clippy::print_stdout, reason = "a program of the terminal")]

use std::error::Error;
use std::time::Instant;

use bytemuck::AnyBitPattern;
use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::metrics::image::image_scores;
use coverslip_algorithms::metrics::instance::{DSB_THRESHOLDS, OverlapTable};
use coverslip_algorithms::metrics::ssim::Ssim;
use ndarray::{Array, Array2, Array3, ArrayView2, Axis, Ix2, Ix3};
use rayon::prelude::*;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["precision", truth, prediction, repeats] => {
            let (truth, prediction) = (labels(truth)?, labels(prediction)?);
            let scores = timed(repeats.parse()?, || precision(&prediction, &truth))?;
            for score in scores {
                println!("{score}");
            }
        }
        ["pairs", truth, prediction, side, repeats] => {
            let side = side.parse()?;
            let (truth, prediction) = (stack(truth, side)?, stack(prediction, side)?);
            let scores = timed(repeats.parse()?, || pairs(&prediction, &truth))?;
            for [rmse, psnr, ssim] in scores {
                println!("{rmse} {psnr} {ssim}");
            }
        }
        _ => return Err("see the head of the source for the arguments".into()),
    }
    Ok(())
}

/// Runs once to warm up, then prints the seconds of each repeat.
fn timed<R>(
    repeats: usize,
    run: impl Fn() -> Result<R, AlgorithmError>,
) -> Result<R, AlgorithmError> {
    let result = run()?;
    for _ in 0..repeats {
        let start = Instant::now();
        run()?;
        println!("{}", start.elapsed().as_secs_f64());
    }
    println!();
    Ok(result)
}

fn precision(prediction: &Array2<u32>, truth: &Array2<u32>) -> Result<Vec<f64>, AlgorithmError> {
    let table = OverlapTable::of(&prediction.view(), &truth.view())?;
    let at = |&threshold: &f64| Ok(table.matching(threshold)?.average_precision());
    DSB_THRESHOLDS.iter().map(at).collect()
}

fn pairs(prediction: &Array3<f32>, truth: &Array3<f32>) -> Result<Vec<[f64; 3]>, AlgorithmError> {
    let score = |index: usize| {
        let (prediction, truth) = (
            prediction.index_axis(Axis(0), index),
            truth.index_axis(Axis(0), index),
        );
        scores(&prediction, &truth)
    };
    (0..truth.len_of(Axis(0)))
        .into_par_iter()
        .map(score)
        .collect()
}

fn scores(
    prediction: &ArrayView2<'_, f32>,
    truth: &ArrayView2<'_, f32>,
) -> Result<[f64; 3], AlgorithmError> {
    let errors = image_scores(prediction, truth, 1.0)?;
    let similarity = Ssim::uniform(1.0).mean(prediction, truth)?;
    Ok([errors.rmse, errors.psnr, similarity])
}

fn labels(file: &str) -> Result<Array2<u32>, Box<dyn Error>> {
    let values = read(file)?;
    let side = values.len().isqrt();
    Ok(Array::from_shape_vec(Ix2(side, side), values)?)
}

fn stack(file: &str, side: usize) -> Result<Array3<f32>, Box<dyn Error>> {
    let values = read(file)?;
    let count = values.len() / (side * side);
    Ok(Array::from_shape_vec(Ix3(count, side, side), values)?)
}

fn read<T: AnyBitPattern>(file: &str) -> std::io::Result<Vec<T>> {
    let bytes = std::fs::read(file)?;
    let values = bytes.chunks_exact(size_of::<T>());
    Ok(values.map(bytemuck::pod_read_unaligned).collect())
}
