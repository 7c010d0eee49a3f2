//! Files of weights with bytes changed at random: an error or a state dict, never a panic.

use std::path::{Path, PathBuf};

use coverslip::weights::weights_file::{Choice, OpenFile};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/weights")
        .join(name)
}

/// Opens and reads a file as far as that goes; says how far.
fn read(path: &Path) -> Result<usize, String> {
    let file = OpenFile::open(path).map_err(|error| error.to_string())?;
    let found = file.read(&Choice::default(), &|_| true);
    found
        .map(|found| found.weights.len())
        .map_err(|error| error.to_string())
}

#[test]
fn changed_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "zip.pth",
        "legacy.pth",
        "lightning.ckpt",
        "weights.safetensors",
    ] {
        let whole = std::fs::read(data(name)).unwrap();
        let path = folder.path().join(name);
        // The first bytes are instructions and headers, and the last the directory of an archive.
        let ends = 4096.min(whole.len() / 2);
        let place = prop_oneof![0..ends, (whole.len() - ends)..whole.len(), 0..whole.len()];
        let changes = proptest::collection::vec((place, any::<u8>()), 1..6);
        let length = prop_oneof![4 => Just(whole.len()), 1 => 0..whole.len()];
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let settings = Config {
            cases: 400,
            failure_persistence: None,
            ..Config::default()
        };
        let mut outcomes = [0, 0];
        let mut runner = TestRunner::new_with_rng(settings, random);
        for _ in 0..400 {
            let tree = (&changes, &length).new_tree(&mut runner).unwrap();
            let (changes, length) = tree.current();
            let mut bytes = whole.clone();
            for (place, value) in changes {
                bytes[place] = value;
            }
            bytes.truncate(length);
            std::fs::write(&path, &bytes).unwrap();
            outcomes[usize::from(read(&path).is_ok())] += 1;
        }
        // Both must come up, or the changes say nothing.
        assert!(
            outcomes[0] > 100 && outcomes[1] > 10,
            "{name}: {outcomes:?}"
        );
    }
}
