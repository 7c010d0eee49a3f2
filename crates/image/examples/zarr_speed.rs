//! Times reading or writing a Zarr, for `benches/compare_zarr.py`.
//!
//! `zarr_speed read PATH` and `zarr_speed write FROM TO none|zstd|blosc TILE`; prints the seconds of
//! the fastest of three runs.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::error::Error;
use std::time::Instant;

use coverslip_image::format::{Compression, WriteOptions, read_image, write_image_with};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let seconds = match args[..] {
        ["read", path] => fastest(|| read_image(path).map(drop))?,
        ["write", from, to, codec, tile] => {
            let image = read_image(from)?;
            let options = WriteOptions {
                compression: Some(match codec {
                    "none" => Compression::None,
                    "zstd" => Compression::Zstd,
                    _ => Compression::Blosc,
                }),
                tile: Some(tile.parse()?),
                pyramid: Some(false),
                ..WriteOptions::default()
            };
            fastest(|| write_image_with(to, &image, &options))?
        }
        _ => return Err("read PATH, or write FROM TO CODEC TILE".into()),
    };
    println!("{seconds}");
    Ok(())
}

fn fastest<E>(mut run: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
