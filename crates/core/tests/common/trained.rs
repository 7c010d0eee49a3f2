//! A small trained model.

use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use coverslip::{
    base::monitor::Silent,
    model::package::{self, Model},
    train::run,
};
use coverslip::{config::Config, registry::Registry};

/// A model of the sample nuclei after one short epoch, and the folder that it lies in.
pub(crate) fn trained(overrides: &[&str]) -> (Model, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::builtin().unwrap();
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d");
    let text = "
data:
  train: {source: images, target: masks, split: split.csv, subset: val}
  validation: 0.25
  target_kind: instance
  preprocess: [percentile]
  patch: {size: [32, 32]}
network: {unet: {base: 4, depth: 1}}
loss: [dice]
training: {epochs: 1, patches_per_epoch: 4, validation_patches: 4, sample_pictures: 0}
postprocess: [argmax, components]
";
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let config = Config::from_text("test", text, &sample, &overrides, &registry).unwrap();
    let stop = AtomicBool::new(false);
    let run = folder.path().join("run");
    run::train(&config, &registry, &run, false, &Silent, &stop).unwrap();
    (
        package::load(&run.join("model"), &registry, &Device::flex()).unwrap(),
        folder,
    )
}
