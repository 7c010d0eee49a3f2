//! Times one algorithm for `benches/compare_algorithms.py`.
//!
//! ```text
//! algorithm_speed CASE FOLDER REPEATS
//! ```
//!
//! Reads the case's inputs from files in the folder, runs it once to warm up, and prints for each
//! repeat the seconds on the clock and of all threads together, then the sum of the result.
#![expect(clippy::print_stdout, reason = "a program of the terminal")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytemuck::AnyBitPattern;
use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::exposure::histogram::match_histogram;
use coverslip_algorithms::filters::distance::Distance;
use coverslip_algorithms::filters::edge::CannyInteger;
use coverslip_algorithms::filters::linear::{BlurPixel, GaussianBlur};
use coverslip_algorithms::filters::morphology::{
    Element, ElementShape, GrayMorphology, GrayOperation,
};
use coverslip_algorithms::filters::thinning::Thinning;
use coverslip_algorithms::filters::threshold::{AdaptiveThreshold, Threshold};
use coverslip_algorithms::measure::components::{
    ComponentOrder, connected_components, largest_components,
};
use coverslip_algorithms::measure::contour::find_contours;
use coverslip_algorithms::measure::labels::{SizeMode, fill_holes, remove_small_objects};
use coverslip_algorithms::rounding::Round;
use coverslip_algorithms::sample::Sample;
use coverslip_algorithms::segmentation::watershed::Watershed;
use coverslip_algorithms::transform::resample::{
    Method, Pillow, PillowFilter, Resize, Torch, TorchMode, resize,
};
use ndarray::{Array, Array2, Array3, Dimension, Ix2};

type Failure = Box<dyn Error>;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, folder, repeats] = &arguments[..] else {
        return Err("see the head of the source for the arguments".into());
    };
    let bench = Bench {
        folder: folder.into(),
        repeats: repeats.parse()?,
    };
    let words: Vec<&str> = case.split('_').collect();
    match words[..] {
        ["components", input] => bench.components(input),
        ["largest"] => {
            let mask = bench.volume::<u8>("balls256")?;
            let run = || largest_components(&mask.view(), 3, 5, ComponentOrder::Cc3d);
            bench.time(run, |kept| total(&kept.components.labels))
        }
        ["small"] => {
            let mask = bench.volume::<u8>("balls256")?.mapv(|pixel| pixel > 0);
            let run = || remove_small_objects(&mask.view(), 2000, 1, SizeMode::Volume);
            bench.time(run, count)
        }
        ["holes"] => {
            let mask = bench.mask("mask4096")?;
            bench.time(|| fill_holes(&mask.view(), 1), count)
        }
        ["thinning"] => {
            let mask = bench.mask("mask2048")?;
            bench.time(|| Thinning::default().apply(&mask.view()), count)
        }
        ["blur", "u8", size] => bench.blur::<u8>("camera8", size.parse()?),
        ["blur", "u16", size] => bench.blur::<u16>("camera16", size.parse()?),
        ["blur", "f32", size] => bench.blur::<f32>("camera32", size.parse()?),
        [operation @ ("dilate" | "gradient"), shape, size] => {
            bench.morphology(operation, shape, size.parse()?)
        }
        ["distance", "2d"] => {
            let mask = bench.mask("mask4096")?;
            bench.time(|| Distance::default().apply(&mask.view()), total)
        }
        ["distance", "3d"] => {
            let mask = bench.volume::<u8>("balls256")?.mapv(|pixel| pixel > 0);
            bench.time(|| Distance::default().apply(&mask.view()), total)
        }
        ["adaptive", block] => {
            let image = bench.plane::<u8>("camera8")?;
            let threshold = AdaptiveThreshold {
                block: block.parse()?,
                ..AdaptiveThreshold::default()
            };
            bench.time(|| threshold.apply(&image.view()), total)
        }
        ["otsu", "u8"] => bench.otsu::<u8>("camera8"),
        ["otsu", "u16"] => bench.otsu::<u16>("camera16"),
        ["canny"] => {
            let image = bench.plane::<u8>("camera8")?;
            bench.time(|| CannyInteger::default().apply(&image.view()), total)
        }
        ["watershed"] => bench.watershed(),
        ["histogram"] => {
            let (image, other) = (bench.plane::<u16>("camera16")?, bench.plane("other16")?);
            let run = || match_histogram::<u16, u16, _, _>(&image.view(), &other.view());
            bench.time(run, total)
        }
        ["resize", "torch"] => {
            let mode = TorchMode::Linear;
            let method = Method::Torch(Torch {
                mode,
                ..Torch::default()
            });
            bench.resize::<f32>("camera32", 3000, method)
        }
        ["resize", "pillow"] => {
            let filter = PillowFilter::Bicubic;
            bench.resize::<u8>("camera8", 1500, Method::Pillow(Pillow { filter }))
        }
        ["resize", "area"] => bench.resize::<u8>("camera8", 1500, Method::Area),
        ["contours"] => {
            let mask = bench.plane::<u8>("mask4096")?;
            let points = |found: &Vec<_>| found.len() as f64;
            bench.time(|| find_contours(&mask.view()), points)
        }
        _ => Err("no such case".into()),
    }
}

struct Bench {
    folder: PathBuf,
    repeats: usize,
}

impl Bench {
    fn time<R>(
        &self,
        run: impl Fn() -> Result<R, AlgorithmError>,
        sum: impl Fn(&R) -> f64,
    ) -> Result<(), Failure> {
        let result = sum(&run()?);
        for _ in 0..self.repeats {
            let (start, start_cpu) = (Instant::now(), cpu_seconds());
            let result = run()?;
            println!(
                "{} {}",
                start.elapsed().as_secs_f64(),
                cpu_seconds() - start_cpu
            );
            drop(result);
        }
        println!("{result}");
        Ok(())
    }

    fn components(&self, input: &str) -> Result<(), Failure> {
        if input == "2d" {
            let mask = self.plane::<u8>("mask4096")?;
            let run = || connected_components(&mask.view(), 2);
            return self.time(run, |found| f64::from(found.count));
        }
        let mask = self.volume::<u8>(input)?;
        let run = || connected_components(&mask.view(), 3);
        self.time(run, |found| f64::from(found.count))
    }

    fn blur<P: BlurPixel + AnyBitPattern>(&self, input: &str, size: usize) -> Result<(), Failure> {
        let image = self.plane::<P>(input)?;
        let blur = GaussianBlur {
            size: Some(size),
            ..GaussianBlur::default()
        };
        self.time(|| blur.apply(&image.view()), total)
    }

    fn morphology(&self, operation: &str, shape: &str, size: usize) -> Result<(), Failure> {
        let image = self.plane::<u8>("camera8")?;
        let morphology = GrayMorphology {
            operation: match operation {
                "dilate" => GrayOperation::Dilate,
                _ => GrayOperation::Gradient,
            },
            element: Element {
                shape: match shape {
                    "rect" => ElementShape::Rect,
                    _ => ElementShape::Ellipse,
                },
                width: size,
                height: size,
            },
            repeat: 1,
        };
        self.time(|| morphology.apply(&image.view()), total)
    }

    fn otsu<S: Sample + AnyBitPattern>(&self, input: &str) -> Result<(), Failure> {
        let image = self.plane::<S>(input)?;
        self.time(|| Threshold::default().apply(&image.view()), total)
    }

    fn watershed(&self) -> Result<(), Failure> {
        let image = self.plane::<f32>("landscape2048")?;
        let markers = self.plane::<u32>("markers2048")?;
        let mask = self.mask("mask2048")?;
        let watershed = Watershed::default();
        let run = || watershed.apply(&image.view(), &markers.view(), Some(&mask.view()));
        self.time(run, total)
    }

    fn resize<T: Round + AnyBitPattern>(
        &self,
        input: &str,
        side: usize,
        method: Method,
    ) -> Result<(), Failure> {
        let image = self.plane::<T>(input)?;
        let options = Resize::to(&[side, side], method);
        self.time(|| resize(&image.view(), &options), total)
    }

    fn mask(&self, name: &str) -> Result<Array2<bool>, Failure> {
        Ok(self.plane::<u8>(name)?.mapv(|pixel| pixel > 0))
    }

    fn plane<T: AnyBitPattern>(&self, name: &str) -> Result<Array2<T>, Failure> {
        let values = read(&self.folder.join(name))?;
        let side = values.len().isqrt();
        Ok(Array::from_shape_vec(Ix2(side, side), values)?)
    }

    fn volume<T: AnyBitPattern>(&self, name: &str) -> Result<Array3<T>, Failure> {
        let values = read(&self.folder.join(name))?;
        let side = (values.len() as f64).cbrt().round() as usize;
        Ok(Array::from_shape_vec([side; 3], values)?)
    }
}

fn read<T: AnyBitPattern>(file: &Path) -> Result<Vec<T>, Failure> {
    let bytes = std::fs::read(file)?;
    let size = size_of::<T>();
    Ok(bytes
        .chunks_exact(size)
        .map(bytemuck::pod_read_unaligned)
        .collect())
}

fn total<S: Sample, D: Dimension>(values: &Array<S, D>) -> f64 {
    values.iter().map(|value| value.to_f64()).sum()
}

fn count<D: Dimension>(mask: &Array<bool, D>) -> f64 {
    mask.iter().filter(|&&pixel| pixel).count() as f64
}

/// Seconds that all threads have computed so far; 0 where Linux does not tell.
fn cpu_seconds() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0.0;
    };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let line = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        line.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e9
}
