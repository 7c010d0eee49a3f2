//! JPEG files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::image_file("jpg", data));
