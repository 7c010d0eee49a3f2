//! Files of weights: safetensors, and what else is recognised by its content.
#![no_main]

use coverslip::weights::state_dict;
use coverslip::weights::weights_file::{Choice, OpenFile};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let path = harness::file("weights.safetensors", data);
    let _ = state_dict::read(&path);
    if let Ok(file) = OpenFile::open(&path) {
        let _ = file.read(&Choice::default(), &|_| true);
    }
});
