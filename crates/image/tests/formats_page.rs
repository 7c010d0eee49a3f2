//! The tables of `docs/formats.md` are true.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;

use coverslip_image::format::{
    Compression, Flavour, WriteOptions, open, read_image, write_image_with,
};
use coverslip_image::{DType, Image, Pixels};
use ndarray::ArrayD;

/// The cells of all rows of the table whose heading begins with these columns.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    let text = std::fs::read_to_string(page).unwrap();
    let start = text.find(heading).unwrap();
    text[start..]
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn every_sample_is_read_as_the_page_says() {
    let rows = table("| Format | Variant | Sample | Read |");
    assert!(rows.len() > 25, "{} rows", rows.len());
    for row in rows {
        let [format, variant, sample, verdict] = &row[..] else {
            panic!("{row:?}");
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(sample);
        let source = open(&path);
        match verdict.as_str() {
            "yes" => {
                let source = source.unwrap_or_else(|error| panic!("{variant}: {error}"));
                assert_eq!(source.info().format, format, "{variant}");
                let image = source
                    .read()
                    .unwrap_or_else(|error| panic!("{variant}: {error}"));
                assert_eq!(image.shape(), source.info().shape, "{variant}");
                let last = source.info().levels.len() - 1;
                let smallest = source.level(last).unwrap().read().unwrap();
                assert_eq!(smallest.shape(), source.info().levels[last], "{variant}");
            }
            "no" => assert!(
                source.is_err() || source.unwrap().read().is_err(),
                "{variant}"
            ),
            other => panic!("`{other}` is no verdict"),
        }
    }
}

#[test]
fn every_layout_type_and_compression_is_written_as_the_page_says() {
    let rows = table("| Format | Layout | Extension | Types | Compression |");
    assert_eq!(rows.len(), 5);
    for row in rows {
        let [format, layout, extension, types, compressions] = &row[..] else {
            panic!("{row:?}");
        };
        let flavour = match layout.as_str() {
            "ImageJ" => Some(Flavour::ImagejTiff),
            "OME-TIFF" => Some(Flavour::OmeTiff),
            "OME-Zarr 0.5" => Some(Flavour::OmeZarr05),
            "OME-Zarr 0.4" => Some(Flavour::OmeZarr04),
            _ => None,
        };
        for dtype in DType::ALL {
            let is_named = types.split(' ').any(|name| name.parse() == Ok(dtype));
            for compression in compressions.split(' ') {
                let compression = serde_json::from_str(&format!("\"{compression}\"")).unwrap();
                let written = write(extension, flavour, dtype, compression);
                assert_eq!(
                    written.is_ok(),
                    is_named,
                    "{layout}{format} {dtype}: {written:?}"
                );
                if let Ok(name) = written {
                    assert_eq!(&name, format);
                }
            }
        }
    }
}

/// Writes an image, checks that it is read back, and gives the name of its format.
fn write(
    extension: &str,
    flavour: Option<Flavour>,
    dtype: DType,
    compression: Compression,
) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("image{extension}"));
    let values = ArrayD::from_shape_fn(vec![20, 30], |index| (index[0] * 3 + index[1]) as f64);
    let (pixels, _) = Pixels::F64(values).cast(dtype);
    let image = Image::new(pixels, "yx".parse().unwrap()).unwrap();
    let options = WriteOptions {
        compression: Some(compression),
        flavour,
        ..WriteOptions::default()
    };
    write_image_with(&path, &image, &options).map_err(|error| error.to_string())?;
    assert_eq!(read_image(&path).unwrap().pixels(), image.pixels());
    Ok(open(&path).unwrap().info().format.to_owned())
}
