//! `coverslip convert`

use std::time::Instant;

use coverslip::tools::convert::{Conversion, convert};
use coverslip_image::format::{Resume, WriteOptions};
use serde_json::json;

use super::info::bytes;
use crate::args::ConvertArguments;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Progress;

/// Converts an image into another format.
pub(crate) fn run(arguments: &ConvertArguments, printer: Printer) -> Result<(), CliError> {
    let conversion = conversion(arguments);
    let stop = super::listen()?;
    let monitor = Progress::new(printer);
    let start = Instant::now();
    let (input, output) = (&arguments.input, &arguments.output);
    let converted = convert(input, output, &conversion, &monitor, &stop)?;
    let seconds = start.elapsed().as_secs_f64();
    let target = &converted.target;
    if converted.interrupted {
        let resume = output.to_string_lossy().ends_with(".zarr");
        return Err(CliError::Interrupted {
            resume: resume.then(|| "the same command with `--resume`".to_owned()),
        });
    }
    let mut warnings = Vec::new();
    if converted.clipped > 0 {
        let warning = format!(
            "{} samples do not fit into {} and became its nearest value; `--range LOW,HIGH` maps \
             intensities into it",
            converted.clipped, target.dtype
        );
        printer.note(&format!("warning: {warning}"));
        warnings.push(warning);
    }
    printer.text(&format!(
        "{}: {} {:?} {}, {} in {seconds:.1} s",
        output.display(),
        target.axes,
        target.shape,
        target.dtype,
        bytes(target.bytes()),
    ));
    printer.result(&json!({
        "output": output,
        "axes": target.axes.to_string(),
        "shape": target.shape,
        "dtype": target.dtype.name(),
        "bytes": target.bytes() as u64,
        "clipped": converted.clipped,
        "warnings": warnings,
        "seconds": seconds,
    }));
    Ok(())
}

/// A conversion goes on if input and steps are the same.
fn resume(arguments: &ConvertArguments) -> Resume {
    let modified = std::fs::metadata(&arguments.input).and_then(|metadata| metadata.modified());
    let key = format!(
        "{:?} {:?}",
        ConvertArguments {
            resume: false,
            memory: 0,
            ..arguments.clone()
        },
        modified.ok()
    );
    if arguments.resume {
        Resume::Continue(key)
    } else {
        Resume::Begin(key)
    }
}

fn conversion(arguments: &ConvertArguments) -> Conversion {
    Conversion {
        open: arguments.open.options(),
        level: arguments.level,
        input_axes: arguments.input_axes.clone(),
        crop: arguments.crop.clone(),
        channels: arguments.channels.clone(),
        project: arguments.project.clone(),
        dtype: arguments.dtype,
        range: arguments.range,
        axes: arguments.axes.clone(),
        is_labels: arguments.labels,
        write: WriteOptions {
            compression: arguments.compression.map(Into::into),
            tile: arguments.tile.map(usize::from),
            pyramid: arguments.pyramid,
            flavour: arguments.flavour.map(Into::into),
            resume: resume(arguments),
        },
        memory: arguments.memory,
    }
}
