//! Training from the weights of another model: what is taken is taken bit for bit, and what is frozen
//! stays as it is.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, atomic::AtomicBool},
};

use burn::tensor::Device;
use coverslip::{
    base::monitor::{Monitor, Silent, Task},
    train::{fine_tuning::FineTuning, run},
    weights::state_dict::{self, StateDict},
};
use coverslip::{config::Config, registry::Registry};
use coverslip_nets::NetworkIo;

const CONFIG: &str = "
data:
  train: {source: images, target: masks, split: split.csv, subset: val}
  validation: 0.25
  target_kind: instance
  preprocess: [percentile]
  patch: {size: [32, 48]}
network: {unet: {base: 4, depth: 2}}
loss: [cross_entropy]
training: {epochs: 1, patches_per_epoch: 8, batch_size: 4, validation_patches: 4, sample_pictures: 0}
postprocess: [argmax, {components: {seeds: 1, grow: 2}}]
";
/// Two classes in the place of three.
const TWO_CLASSES: [&str; 2] = ["data.border_width=0", "seed=7"];

fn config(overrides: &[String]) -> (Config, Registry) {
    let registry = Registry::builtin().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d");
    let config = Config::from_text("test", CONFIG, &samples, overrides, &registry).unwrap();
    (config, registry)
}

fn train(out: &Path, overrides: &[String], resumes: bool) {
    let (config, registry) = config(overrides);
    let stop = AtomicBool::new(false);
    run::train(&config, &registry, out, resumes, &Silent, &stop).unwrap();
}

fn changes(fixed: &[&str], more: &[String]) -> Vec<String> {
    let fixed = fixed.iter().map(|&change| change.to_owned());
    fixed.chain(more.iter().cloned()).collect()
}

/// The package of a short training, and its weights.
fn package(folder: &Path) -> (PathBuf, StateDict) {
    let run = folder.join("first");
    train(&run, &[], false);
    let model = run.join("model");
    let (weights, _) = state_dict::read(&model.join("weights.safetensors")).unwrap();
    (model, weights)
}

/// The network's tensors in the last checkpoint of a run.
fn last(run: &Path) -> StateDict {
    let (state, _) = state_dict::read(&run.join("checkpoints/last.safetensors")).unwrap();
    let network = state.into_iter();
    network
        .filter_map(|(name, data)| Some((name.strip_prefix("network.")?.to_owned(), data)))
        .collect()
}

fn from(model: &Path) -> String {
    format!("initial_weights.from={}", model.display())
}

/// Keeps what a run notes.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Monitor for Notes {
    fn begin(&self, _: &str, _: u64) -> Box<dyn Task + '_> {
        Box::new(Silent)
    }

    fn warn(&self, _: &str) {}

    fn note(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

#[test]
fn what_fits_is_taken_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let (model, weights) = package(folder.path());
    let (config, registry) = config(&changes(&TWO_CLASSES, &[from(&model)]));
    let io = NetworkIo {
        in_channels: 1,
        out_channels: 2,
        dimensions: 2,
    };
    let settings = &config.settings;
    let fresh = registry
        .network(&settings.network, io, settings.seed)
        .unwrap();
    let random = state_dict::collect(&fresh);
    let notes = Notes::default();
    let start = FineTuning::prepare(settings, &fresh, false, &notes).unwrap();
    let begun = state_dict::collect(&start.apply(fresh));

    let head = ["outc.conv.bias", "outc.conv.weight"];
    for (name, data) in &begun {
        let expected = if head.contains(&name.as_str()) {
            &random[name]
        } else {
            &weights[name]
        };
        assert_eq!(data, expected, "{name}");
    }
    let notes = notes.0.into_inner().unwrap();
    let taken = notes
        .iter()
        .filter(|line| line.ends_with(": taken"))
        .count();
    assert_eq!(taken, begun.len() - 2);
    let head = "  outc.conv.weight: random, because it is [3, 4, 1, 1] there and [2, 4, 1, 1] here";
    assert!(notes.iter().any(|line| line == head), "{notes:?}");
    let sum = format!("first weights: {taken} tensors taken, 2 random, 0 not used");
    assert_eq!(notes.last().unwrap(), &sum);
}

#[test]
fn frozen_tensors_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (model, weights) = package(folder.path());
    // A part with its statistics, one weight alone, and the scales of all norms of a part.
    let freeze = "freeze=['inc.*', up1.up.weight, 'down1.*.double_conv.?.weight']";
    let run = folder.path().join("second");
    let changes = changes(&TWO_CLASSES, &[from(&model), freeze.to_owned()]);
    train(&run, &changes, false);
    let trained = last(&run);
    let is_frozen = |name: &str| {
        let is_weight = name.starts_with("down1.") && name.ends_with("weight");
        name.starts_with("inc.") || name == "up1.up.weight" || is_weight
    };
    let (frozen, moved): (BTreeSet<_>, BTreeSet<_>) = trained
        .keys()
        .filter(|name| !name.starts_with("outc."))
        .partition(|name| is_frozen(name));
    assert_eq!(frozen.len(), 10 + 1 + 4);
    for name in frozen {
        assert_eq!(trained[name], weights[name], "{name}");
    }
    for name in moved {
        assert_ne!(trained[name], weights[name], "{name}");
    }
    // The package has them too, and goes on predicting.
    let (packed, _) = state_dict::read(&run.join("model/weights.safetensors")).unwrap();
    assert_eq!(
        packed["inc.double_conv.1.running_mean"],
        weights["inc.double_conv.1.running_mean"]
    );
    let registry = Registry::builtin().unwrap();
    coverslip::model::package::load(&run.join("model"), &registry, &Device::flex()).unwrap();
}

/// That some weights need no gradient must not change the gradients of the others.
#[test]
fn the_other_weights_take_the_same_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let one_step = ["training.patches_per_epoch=4"];
    let runs = [
        "[]",
        "[inc.double_conv.0.weight, 'down1.*.3.weight', up2.conv.double_conv.1.bias, up1.up.bias]",
    ];
    let states = runs.map(|freeze| {
        let run = folder.path().join(freeze.len().to_string());
        train(
            &run,
            &changes(&one_step, &[format!("freeze={freeze}")]),
            false,
        );
        last(&run)
    });
    let [free, frozen] = states;
    let differing: Vec<&str> = free
        .iter()
        .filter(|(name, data)| frozen[*name] != **data)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        differing,
        [
            "down1.maxpool_conv.1.double_conv.3.weight",
            "inc.double_conv.0.weight",
            "up1.up.bias",
            "up2.conv.double_conv.1.bias",
        ]
    );
}

#[test]
fn a_resumed_run_needs_the_first_weights_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (model, _) = package(folder.path());
    let all = changes(&TWO_CLASSES, &[from(&model), "freeze=['inc.*']".to_owned()]);
    let epochs = |count: usize| {
        changes(
            &[],
            &[&all[..], &[format!("training.epochs={count}")]].concat(),
        )
    };
    let [whole, stopped] = ["whole", "stopped"].map(|name| folder.path().join(name));
    train(&whole, &epochs(2), false);
    train(&stopped, &epochs(1), false);
    std::fs::rename(&model, folder.path().join("moved")).unwrap();
    train(&stopped, &epochs(2), true);
    assert_eq!(last(&stopped), last(&whole));
    let origin = |run: &Path| {
        let description = coverslip::model::package::describe(&run.join("model")).unwrap();
        description.training.started_from.unwrap()
    };
    assert_eq!(origin(&stopped), origin(&whole));
}
