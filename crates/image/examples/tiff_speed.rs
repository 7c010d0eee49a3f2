//! Reads, writes or opens a TIFF file and prints the seconds, for `benches/compare_tiff.py` and
//! `tools/check_formats/tiff.py`.
//!
//! ```text
//! tiff_speed read FILE            the whole image
//! tiff_speed open FILE            its description, printed as JSON after the seconds
//! tiff_speed write FROM TO PACKING
//! tiff_speed samples FOLDER       files of all kinds for a reader to check
//! ```
#![expect(clippy::print_stdout, reason = "a program of the terminal")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use coverslip_image::format::{
    Compression, Flavour, WriteOptions, open, read_image, write_image_with,
};
use coverslip_image::image::PixelType;
use coverslip_image::{Channel, Image, Metadata, PixelSize, Pixels};
use ndarray::ArrayD;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["read", file] => {
            let start = Instant::now();
            let image = read_image(file)?;
            println!("{}", start.elapsed().as_secs_f64());
            println!("{:?}", image.shape());
        }
        ["open", file] => {
            let start = Instant::now();
            let source = open(file)?;
            println!("{}", start.elapsed().as_secs_f64());
            println!("{}", serde_json::to_string(source.info())?);
        }
        ["write", from, to, packing] => {
            let image = read_image(from)?;
            let options = WriteOptions {
                compression: Some(serde_json::from_value(packing.into())?),
                flavour: Some(Flavour::OmeTiff),
                pyramid: Some(false),
                ..WriteOptions::default()
            };
            let start = Instant::now();
            write_image_with(to, &image, &options)?;
            println!("{}", start.elapsed().as_secs_f64());
        }
        ["samples", folder] => samples(Path::new(folder))?,
        _ => return Err("see the head of the source for the arguments".into()),
    }
    Ok(())
}

/// Writes each sample type, layout and packing, with the samples beside it as raw bytes.
fn samples(folder: &Path) -> Result<(), Box<dyn Error>> {
    let shape = [2, 3, 2, 90, 275];
    whole::<u8>(folder, "uint8", &shape, |i| i as u8, u8::to_le_bytes)?;
    whole::<i8>(folder, "int8", &shape, |i| i as i8, i8::to_le_bytes)?;
    whole::<u16>(folder, "uint16", &shape, |i| i as u16, u16::to_le_bytes)?;
    whole::<i16>(folder, "int16", &shape, |i| i as i16, i16::to_le_bytes)?;
    whole::<u32>(folder, "uint32", &shape, |i| i as u32, u32::to_le_bytes)?;
    whole::<i32>(folder, "int32", &shape, |i| i as i32, i32::to_le_bytes)?;
    whole::<f32>(
        folder,
        "float32",
        &shape,
        |i| (i as f32).sin(),
        f32::to_le_bytes,
    )?;
    whole::<f64>(
        folder,
        "float64",
        &shape,
        |i| (i as f64).sin(),
        f64::to_le_bytes,
    )?;
    whole::<u8>(folder, "rgb", &[3, 90, 275], |i| i as u8, u8::to_le_bytes)
}

fn whole<T>(
    folder: &Path,
    name: &str,
    shape: &[usize],
    sample: impl Fn(u64) -> T,
    to_bytes: impl Fn(T) -> <T as LittleEndian>::Bytes,
) -> Result<(), Box<dyn Error>>
where
    T: PixelType + LittleEndian,
    ArrayD<T>: Into<Pixels>,
{
    let count: usize = shape.iter().product();
    let mixed = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let values: Vec<T> = (0..count).map(|i| sample(mixed(i))).collect();
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|&value| to_bytes(value).into_iter())
        .collect();
    std::fs::write(folder.join(format!("{name}.raw")), bytes)?;
    let axes = if shape.len() == 5 { "tczyx" } else { "cyx" };
    let names = ["red", "green", "blue"];
    let channel = |index: usize| match shape.len() {
        5 => Channel {
            color: Some([255, 50 * index as u8, 0]),
            emission: Some(500.0 + index as f64),
            ..Channel::named(format!("stain <{index}>"))
        },
        _ => Channel::named(names[index]),
    };
    let metadata = Metadata {
        name: Some(name.to_owned()),
        pixel_size: PixelSize {
            z: (shape.len() == 5).then_some(1.5),
            y: Some(0.25),
            x: Some(0.125),
        },
        time_step: (shape.len() == 5).then_some(2.5),
        numerical_aperture: Some(1.4),
        channels: (0..3).map(channel).collect(),
    };
    let array = ArrayD::from_shape_vec(shape, values)?;
    let image = Image::new(array, axes.parse()?)?.with_metadata(metadata)?;
    for (packing, compression) in [
        ("none", Compression::None),
        ("lzw", Compression::Lzw),
        ("deflate", Compression::Deflate),
        ("zstd", Compression::Zstd),
    ] {
        let mut options = WriteOptions {
            compression: Some(compression),
            tile: Some(32),
            pyramid: Some(true),
            flavour: Some(Flavour::OmeTiff),
            ..WriteOptions::default()
        };
        write_image_with(
            folder.join(format!("{name}-{packing}.ome.tif")),
            &image,
            &options,
        )?;
        if compression != Compression::Zstd {
            options.flavour = Some(Flavour::ImagejTiff);
            options.pyramid = None;
            write_image_with(
                folder.join(format!("{name}-{packing}.tif")),
                &image,
                &options,
            )?;
        }
    }
    Ok(())
}

/// Sample types as bytes.
trait LittleEndian {
    type Bytes: IntoIterator<Item = u8>;
}

macro_rules! little_endian {
    ($($sample:ty, $size:literal;)*) => {$(
        impl LittleEndian for $sample {
            type Bytes = [u8; $size];
        }
    )*};
}

little_endian! {
    u8, 1;
    i8, 1;
    u16, 2;
    i16, 2;
    u32, 4;
    i32, 4;
    f32, 4;
    f64, 8;
}
