//! ND2 files of Nikon.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::image_file("nd2", data));
