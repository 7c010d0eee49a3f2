//! Zarr hierarchies in a zip file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::image_file("zip", data));
