//! `coverslip predict`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coverslip::{
    base::error::Error,
    config::Output,
    framework::{OutputMap, Pass, Predictor},
    inspect::speed::peak_memory,
    model::package::{self, Model},
    predict::{PredictOptions, predict_files},
    registry::Registry,
};
use coverslip_image::format::WriteOptions;
use coverslip_nets::SizeRule;
use ndarray::Array4;
use serde_json::{Value, json};

use crate::args::PredictArguments;
use crate::error::CliError;
use crate::printer::{Printer, print_error_line};
use crate::progress::Progress;
use crate::render;

/// Predicts images with a trained model; one that cannot be predicted does not keep the others
/// from being predicted.
pub(crate) fn run(
    arguments: &PredictArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let device = arguments.device.open().map_err(Error::from)?;
    let mut model = package::load(&arguments.model, registry, &device)?;
    adapt(&mut model, arguments);
    let clock = Clock::default();
    model.predictor = Box::new(Timed {
        predictor: model.predictor,
        clock: clock.clone(),
    });
    let start = Instant::now();
    let stop = super::listen()?;
    let monitor = Progress::new(printer);
    let (input, output) = (&arguments.input, &arguments.output);
    let mut predicted = predict_files(&model, input, output, &options(arguments), &monitor, &stop)?;
    let total = predicted.written.len() + predicted.failed.len();
    if total == 1
        && let Some((_, error)) = predicted.failed.pop()
    {
        return Err(error.into());
    }
    let failures = tell_failures(&predicted.failed, printer);
    printer.text(&format!(
        "{} of {total} images predicted into {}",
        predicted.written.len(),
        arguments.output.display()
    ));
    let failed = failures.len();
    let outcome = if predicted.interrupted {
        Err(CliError::Interrupted { resume: None })
    } else if failed > 0 {
        Err(CliError::Predictions { failed, total })
    } else {
        Ok(())
    };
    let mut result = json!({
        "images": predicted.written.len(),
        "output": arguments.output,
        "written": predicted.written,
        "failed": failures,
        "seconds": start.elapsed().as_secs_f64(),
        "network_s": clock.seconds(),
        "peak_rss_bytes": peak_memory(),
    });
    if let Err(error) = &outcome {
        error.add_to(&mut result);
    }
    printer.result(&result);
    outcome
}

/// The time that was spent in a network.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn seconds(&self) -> f64 {
        Duration::from_nanos(self.0.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// A predictor that notes how long it works.
struct Timed {
    predictor: Box<dyn Predictor>,
    clock: Clock,
}

impl Predictor for Timed {
    fn predict(&self, image: &Array4<f32>, pass: Pass) -> Array4<f32> {
        let start = Instant::now();
        let values = self.predictor.predict(image, pass);
        let nanoseconds = start.elapsed().as_nanos() as u64;
        self.clock.0.fetch_add(nanoseconds, Ordering::Relaxed);
        values
    }

    fn sizes(&self) -> SizeRule {
        self.predictor.sizes()
    }

    fn scale(&self) -> [usize; 3] {
        self.predictor.scale()
    }

    fn outputs(&self) -> Vec<OutputMap> {
        self.predictor.outputs()
    }
}

fn options(arguments: &PredictArguments) -> PredictOptions {
    PredictOptions {
        open: arguments.open.options(),
        format: arguments.format,
        write: WriteOptions::default(),
        memory: arguments.memory,
        ..PredictOptions::default()
    }
}

/// Puts what the user asked for in the place of the model's own settings.
fn adapt(model: &mut Model, arguments: &PredictArguments) {
    if let Some(side) = arguments.tile {
        let planes = if model.description.io.dimensions == 2 {
            1
        } else {
            side
        };
        model.tiling.tile = [planes, side, side];
    }
    if let Some(overlap) = arguments.overlap {
        model.tiling.overlap = overlap;
    }
    if let Some(blend) = arguments.blend {
        model.tiling.blend = blend;
    }
    if arguments.probabilities {
        model.output = Output::Probabilities;
    }
}

/// Shows the images that could not be predicted; gives their part of the result.
fn tell_failures(failed: &[(PathBuf, Error)], printer: Printer) -> Vec<Value> {
    let mut failures = Vec::new();
    for (path, error) in failed {
        let (text, hint) = (error.to_string(), error.hint());
        if !printer.is_json() {
            render::message(&text, hint.as_deref());
            print_error_line("");
        }
        failures.push(json!({"path": path, "error": text, "hint": hint}));
    }
    failures
}
