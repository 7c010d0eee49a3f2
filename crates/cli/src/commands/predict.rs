//! `coverslip predict`

use std::path::PathBuf;

use coverslip::{
    config::{Blend, Output},
    error::Error,
    package::{self, Model},
    predict::{OutputFormat, PredictOptions, predict_files},
    registry::Registry,
};
use coverslip_image::format::WriteOptions;
use serde_json::{Value, json};

use crate::args::{BlendName, FormatOfPredictions, PredictArguments};
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
    });
    if let Err(error) = &outcome {
        error.add_to(&mut result);
    }
    printer.result(&result);
    outcome
}

fn options(arguments: &PredictArguments) -> PredictOptions {
    PredictOptions {
        open: arguments.open.options(),
        format: arguments.format.map(|format| match format {
            FormatOfPredictions::Tif => OutputFormat::Tiff,
            FormatOfPredictions::OmeTif => OutputFormat::OmeTiff,
            FormatOfPredictions::OmeZarr => OutputFormat::OmeZarr,
        }),
        write: WriteOptions::default(),
        memory: arguments.memory,
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
        model.tiling.blend = match blend {
            BlendName::Gaussian => Blend::Gaussian,
            BlendName::Constant => Blend::Constant,
            BlendName::Hann => Blend::Hann,
            BlendName::Crop => Blend::Crop,
        };
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
