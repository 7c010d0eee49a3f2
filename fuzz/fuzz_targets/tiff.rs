//! TIFF files: all series and levels.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::image_file("tif", data));
