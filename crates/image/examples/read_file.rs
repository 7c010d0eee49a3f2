//! Opens an image file and reads all its series and levels: `read_file PATH [LIMIT]`, LIMIT in bytes.
//!
//! Ends with 0 if all was read, 1 if something was refused with an error.

#![allow(clippy::print_stdout, reason = "this is a program")]

use std::path::Path;
use std::process::ExitCode;

use coverslip_image::ImageError;
use coverslip_image::format::{Limits, OpenOptions, open_with};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().unwrap_or_default();
    let limit = arguments.next();
    let limits = limit
        .and_then(|text| text.to_str()?.parse().ok())
        .map_or_else(Limits::default, |bytes| Limits { bytes });
    match read(Path::new(&path), limits) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &Path, limits: Limits) -> Result<String, ImageError> {
    let options = |series| OpenOptions { limits, series };
    let first = open_with(path, &options(None))?;
    let mut reads = 0;
    for series in &first.info().series {
        let source = open_with(path, &options(Some(series.clone())))?;
        for level in 0..source.info().levels.len() {
            source.level(level)?.read()?;
            reads += 1;
        }
    }
    let info = first.info();
    Ok(format!(
        "{} {} {:?} {}, {reads} images and levels read",
        info.format, info.axes, info.shape, info.dtype
    ))
}
