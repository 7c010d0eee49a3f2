//! Arrays that zarr-python has written, one for each codec, order and type.
//!
//! `tools/check_formats/zarr.py samples` makes `codecs.zip`. All arrays hold the same numbers.

use std::io::Read;
use std::path::Path;

use coverslip_image::format::read_image;
use tempfile::TempDir;

#[test]
fn every_codec_is_read() {
    let zip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zarr/codecs.zip");
    let mut zip = zip::ZipArchive::new(std::fs::File::open(zip).unwrap()).unwrap();
    let folder = TempDir::new().unwrap();
    zip.extract(folder.path()).unwrap();
    let mut list = String::new();
    zip.by_name("list.txt")
        .unwrap()
        .read_to_string(&mut list)
        .unwrap();
    assert!(list.lines().count() > 40);
    for name in list.lines() {
        let image = read_image(folder.path().join(name)).unwrap();
        let most = if name.contains("bool") { 2 } else { 251 };
        let values = image.pixels().to_f32();
        assert_eq!(values.shape(), [7, 20, 21], "{name}");
        for ((index, value), number) in values.indexed_iter().zip(0usize..) {
            // Chunks of the last section are not stored.
            let expected = if index[0] == 6 {
                0
            } else {
                (number / 3 + number % 7) % most
            };
            assert_eq!(*value, expected as f32, "{name} at {index:?}");
        }
    }
}
