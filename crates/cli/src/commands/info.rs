//! `coverslip info`

use std::path::Path;

use coverslip::base::error::Error;
use coverslip_image::format::OpenOptions;
use coverslip_image::source::ImageInfo;
use coverslip_image::{Channel, ImageError, PixelSize, format};
use serde_json::{Value, json};

use crate::args::InfoArguments;
use crate::error::CliError;
use crate::printer::{Printer, print_error_line};
use crate::render;

/// Describes each file; one that cannot be read does not keep the others from being described.
pub(crate) fn run(arguments: &InfoArguments, printer: Printer) -> Result<(), CliError> {
    let options = arguments.open.options();
    let total = arguments.files.len();
    let mut described = Vec::new();
    let mut failures = Vec::new();
    for path in &arguments.files {
        match describe(path, &options) {
            Ok(info) => {
                printer.text(&text(&info));
                described.push(to_json(&info));
            }
            // The only file: its error is the command's.
            Err(error) if total == 1 => return Err(Error::from(error).into()),
            Err(error) => {
                if !printer.is_json() {
                    render::message(&error.to_string(), error.hint().as_deref());
                    print_error_line("");
                }
                failures.push(json!({
                    "path": path,
                    "error": error.to_string(),
                    "hint": error.hint(),
                }));
            }
        }
    }
    let failed = failures.len();
    let outcome = match failed {
        0 => Ok(()),
        _ => Err(CliError::Images { failed, total }),
    };
    let mut result = json!({"files": described, "failed": failures});
    if let Err(error) = &outcome {
        error.add_to(&mut result);
    }
    printer.result(&result);
    outcome
}

fn describe(path: &Path, options: &OpenOptions) -> Result<ImageInfo, ImageError> {
    Ok(format::open_with(path, options)?.info().clone())
}

fn to_json(info: &ImageInfo) -> Value {
    let mut value = serde_json::to_value(info).unwrap_or_default();
    value["bytes"] = json!(u64::try_from(info.bytes()).unwrap_or(u64::MAX));
    value
}

fn text(info: &ImageInfo) -> String {
    let pages = if info.pages == 1 {
        "1 page".to_owned()
    } else {
        format!("{} pages", info.pages)
    };
    let metadata = &info.metadata;
    let mut lines = vec![
        info.path.display().to_string(),
        format!(
            "  format      {} ({pages}, compression {})",
            info.format, info.compression
        ),
        format!("  size        {}", lengths(info, &info.shape)),
        format!("  type        {}", info.dtype),
        format!("  pixel size  {}", pixel_size(metadata.pixel_size)),
    ];
    if let Some(seconds) = metadata.time_step {
        lines.push(format!("  time step   {seconds} s"));
    }
    if let Some(aperture) = metadata.numerical_aperture {
        lines.push(format!("  objective   numerical aperture {aperture}"));
    }
    if !metadata.channels.is_empty() {
        let channels: Vec<String> = metadata.channels.iter().map(channel).collect();
        lines.push(format!("  channels    {}", channels.join(", ")));
    }
    if info.block != info.shape {
        lines.push(format!("  blocks      {}", lengths(info, &info.block)));
    }
    for (level, shape) in info.levels.iter().enumerate().skip(1) {
        lines.push(format!("  level {level}     {}", lengths(info, shape)));
    }
    if info.series.len() > 1 {
        lines.push(format!("  series      {}", info.series.join(", ")));
    }
    lines.push(format!("  in memory   {}", bytes(info.bytes())));
    for warning in &info.warnings {
        lines.push(format!("  warning     {warning}"));
    }
    lines.join("\n")
}

/// `y 512, x 512`
fn lengths(info: &ImageInfo, shape: &[usize]) -> String {
    let lengths: Vec<String> = (info.axes.iter().zip(shape))
        .map(|(axis, length)| format!("{axis} {length}"))
        .collect();
    lengths.join(", ")
}

/// `DAPI (461 nm)`
fn channel(channel: &Channel) -> String {
    let name = if channel.name.is_empty() {
        "unnamed"
    } else {
        &channel.name
    };
    match channel.emission {
        Some(emission) => format!("{name} ({emission} nm)"),
        None => name.to_owned(),
    }
}

fn pixel_size(size: PixelSize) -> String {
    let known: Vec<String> = [("z", size.z), ("y", size.y), ("x", size.x)]
        .into_iter()
        .filter_map(|(axis, length)| Some(format!("{axis} {} µm", length?)))
        .collect();
    if known.is_empty() {
        "unknown".to_owned()
    } else {
        known.join(", ")
    }
}

/// A number of bytes for people.
pub(super) fn bytes(count: u128) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} bytes")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 << 40), "3.0 TiB");
        assert_eq!(bytes(1 << 60), "1048576.0 TiB");
    }
}
