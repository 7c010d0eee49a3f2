//! Training end to end on real images: the same seed gives the same bits, whatever the number of
//! threads and whether or not the run was stopped in between.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use coverslip::{
    base::monitor::{Monitor, Silent, Task},
    train::run::{self, Ending},
    weights::state_dict,
};
use coverslip::{config::Config, registry::Registry};
use coverslip_image::{Image, image::PixelType, read_image, write_image};
use ndarray::{Array2, Axis, s};

const CONFIG: &str = "
data:
  train: {source: images, target: masks, split: split.csv, subset: val}
  validation: 0.25
  target_kind: instance
  preprocess: [percentile]
  patch: {size: [32, 48]}
  augment: [flip, rotate90]
network: {unet: {base: 4, depth: 2}}
loss: [cross_entropy, {dice: {weight: 0.5}}]
schedule: {cosine: {warmup_epochs: 1}}
training: {epochs: 3, patches_per_epoch: 16, batch_size: 4, validation_patches: 4, sample_pictures: 1}
postprocess: [argmax, {components: {seeds: 1, grow: 2}}]
";

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d")
}

fn config(overrides: &[&str]) -> (Config, Registry) {
    let registry = Registry::builtin().unwrap();
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let config = Config::from_text("test", CONFIG, &sample(), &overrides, &registry).unwrap();
    (config, registry)
}

fn train(out: &Path, overrides: &[&str]) {
    let (config, registry) = config(overrides);
    let stop = AtomicBool::new(false);
    let outcome = run::train(&config, &registry, out, false, &Silent, &stop).unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
}

/// Weights, running statistics and optimiser memory of the last checkpoint, as bits.
fn state(run: &Path) -> Vec<(String, Vec<u8>)> {
    let (dict, _) = state_dict::read(&run.join("checkpoints/last.safetensors")).unwrap();
    dict.into_iter()
        .map(|(name, data)| (name, data.as_bytes().to_vec()))
        .collect()
}

/// The log without times.
fn log(run: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let mut lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &mut lines {
        line["seconds"] = 0.into();
        line["patches_per_second"] = 0.into();
    }
    lines
}

/// Stops a run after a number of patches.
struct StopAfter<'a> {
    patches: u64,
    seen: AtomicU64,
    stop: &'a AtomicBool,
}

struct Count<'a>(&'a StopAfter<'a>);

impl Monitor for StopAfter<'_> {
    fn begin(&self, _: &str, _: u64) -> Box<dyn Task + '_> {
        Box::new(Count(self))
    }

    fn warn(&self, _: &str) {}

    fn note(&self, _: &str) {}
}

impl Task for Count<'_> {
    fn resume_at(&self, _: u64) {}

    fn advance(&self, steps: u64, _: &str) {
        let seen = self.0.seen.fetch_add(steps, Ordering::Relaxed) + steps;
        if seen >= self.0.patches {
            self.0.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let folder = tempfile::tempdir().unwrap();
    let runs: Vec<PathBuf> = [1, 2, 3]
        .into_iter()
        .map(|threads| {
            let run = folder.path().join(threads.to_string());
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                train(
                    &run,
                    &[&format!("data.workers={threads}"), "training.epochs=1"],
                );
            });
            run
        })
        .collect();
    for run in &runs[1..] {
        assert_eq!(log(&runs[0]), log(run));
        assert_eq!(state(&runs[0]), state(run));
    }
}

#[test]
fn another_seed_is_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    train(&first, &["training.epochs=1"]);
    train(&second, &["training.epochs=1", "seed=1"]);
    assert_ne!(log(&first), log(&second));
}

/// Trains at once and in parts, each stopped after a number of patches, and compares the bits.
fn check_resumption(overrides: &[&str], stops: &[u64]) {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    train(&whole, overrides);
    let (config, registry) = config(overrides);
    for (part, &patches) in stops.iter().enumerate() {
        let stop = AtomicBool::new(false);
        let monitor = StopAfter {
            patches,
            seen: AtomicU64::new(0),
            stop: &stop,
        };
        let outcome = run::train(&config, &registry, &parts, part > 0, &monitor, &stop).unwrap();
        assert_eq!(outcome.ending, Ending::Interrupted);
        assert!(!parts.join("model").exists());
    }
    let stop = AtomicBool::new(false);
    let outcome = run::train(&config, &registry, &parts, true, &Silent, &stop).unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(outcome.epochs, 3);
    assert_eq!(log(&whole), log(&parts));
    assert_eq!(state(&whole), state(&parts));
    let weights = |run: &Path| std::fs::read(run.join("model/weights.safetensors")).unwrap();
    assert_eq!(weights(&whole), weights(&parts));
}

/// In the middle of the first epoch, then of the third.
const MIDDLES: [u64; 2] = [8, 28];

#[test]
fn a_resumed_run_continues_with_the_same_bits() {
    check_resumption(&[], &MIDDLES);
}

#[test]
fn momentum_clipping_a_plateau_and_a_running_average_are_resumed() {
    check_resumption(
        &[
            "optimizer={sgd: {momentum: 0.9, nesterov: true, weight_decay: 1e-4}}",
            "schedule={plateau: {patience: 0, threshold: 0.5, factor: 0.5}}",
            "training.clip_gradient={norm: 0.5}",
            "training.averaging={ema: {decay: 0.9, warmup: true}}",
        ],
        &MIDDLES,
    );
}

#[test]
fn every_slot_a_cycle_and_the_statistics_of_an_average_are_resumed() {
    check_resumption(
        &[
            "optimizer={rmsprop: {learning_rate: 1e-3, momentum: 0.9, centered: true}}",
            "schedule={one_cycle: {}}",
            "training.averaging={swa: {start: 0.4, anneal_epochs: 1}}",
        ],
        // The second time while the statistics are gathered.
        &[8, 40],
    );
}

#[test]
fn the_largest_moment_is_resumed() {
    check_resumption(
        &[
            "optimizer={adamw: {amsgrad: true}}",
            "training.clip_gradient={value: 0.01}",
        ],
        &MIDDLES,
    );
}

/// The tensors of the model by name.
fn model(run: &Path) -> state_dict::StateDict {
    state_dict::read(&run.join("model/weights.safetensors"))
        .unwrap()
        .0
}

#[test]
fn an_average_without_memory_is_the_last_weights() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, average] = ["plain", "average"].map(|name| folder.path().join(name));
    train(&plain, &[]);
    train(&average, &["training.averaging={ema: {decay: 0}}"]);
    assert_eq!(log(&plain), log(&average));
    assert_eq!(model(&plain), model(&average));
}

#[test]
fn a_running_average_is_what_is_validated_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train(&run, &["training.averaging={ema: {decay: 0.5}}"]);
    let (state, _) = state_dict::read(&run.join("checkpoints/last.safetensors")).unwrap();
    let last = log(&run).last().unwrap().clone();
    assert_eq!(last["is_best"], true, "{last}");
    // The first weights of the network, as the checkpoint has them and their average.
    let name = model(&run).keys().next().unwrap().clone();
    let own = &state[&format!("network.{name}")];
    assert_ne!(own, &model(&run)[&name]);
    assert!(
        state
            .keys()
            .any(|name| name.starts_with("average.network."))
    );
}

#[test]
fn stochastic_weight_averaging_ends_with_new_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, average] = ["plain", "average"].map(|name| folder.path().join(name));
    train(&plain, &["schedule=constant"]);
    // One epoch is averaged, at the rate of the others.
    let swa = "training.averaging={swa: {start: 1, rate: 1, anneal: linear}}";
    train(&average, &["schedule=constant", swa]);
    assert_eq!(log(&average).last().unwrap()["is_best"], true);
    let (last, _) = state_dict::read(&plain.join("checkpoints/last.safetensors")).unwrap();
    let mut statistics = 0;
    for (name, data) in model(&average) {
        let before = &last[&format!("network.{name}")];
        if name.contains("running") {
            assert_ne!(before, &data, "{name}");
            statistics += 1;
        } else {
            assert_eq!(before, &data, "{name}");
        }
    }
    assert!(statistics > 0);
}

#[test]
fn a_plateau_lowers_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let plateau = "{plateau: {monitor: dice, mode: max, threshold: 2, threshold_mode: absolute, \
                   patience: 0, factor: 0.5}}";
    train(&run, &[&format!("schedule={plateau}")]);
    let rates: Vec<f64> = log(&run)
        .iter()
        .map(|line| line["rate_factor"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [1.0, 1.0, 0.5]);
}

#[test]
fn a_schedule_cannot_follow_a_score_that_there_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (config, registry) = config(&["schedule={plateau: {monitor: diec}}"]);
    let stop = AtomicBool::new(false);
    let refused = run::train(&config, &registry, folder.path(), false, &Silent, &stop).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the schedule follows the score `diec`, but validation gives dice, loss"
    );
    assert!(refused.is_users() && refused.hint().is_some());
}

#[test]
fn training_learns_and_leaves_a_complete_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train(
        &run,
        &[
            "training.epochs=4",
            "training.patches_per_epoch=96",
            "optimizer.adam.learning_rate=0.01",
        ],
    );
    let losses: Vec<f64> = log(&run)
        .iter()
        .map(|line| line["train_loss"].as_f64().unwrap())
        .collect();
    assert!(losses[3] < 0.8 * losses[0], "{losses:?}");
    for file in [
        "config.yaml",
        "log.jsonl",
        "curves.svg",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
        "model/model.yaml",
        "model/weights.safetensors",
        "model/preview.png",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    assert_eq!(std::fs::read_dir(run.join("samples")).unwrap().count(), 1);
}

#[test]
fn early_stopping_ends_a_run_that_no_longer_improves() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let (config, registry) = config(&[
        "training.epochs=20",
        "training.patches_per_epoch=4",
        // Nothing is learnt, so nothing improves after the first epoch.
        "optimizer.adam.learning_rate=1e-12",
        "training.early_stopping={patience: 2, min_delta: 0.5}",
    ]);
    let stop = AtomicBool::new(false);
    let outcome = run::train(&config, &registry, &run, false, &Silent, &stop).unwrap();
    assert_eq!(outcome.ending, Ending::EarlyStop);
    assert_eq!(outcome.epochs, 3);
    assert_eq!(outcome.best_epoch, Some(1));
}

#[test]
fn pixels_of_weight_zero_are_not_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights");
    let masks = folder.path().join("masks");
    std::fs::create_dir(&weights).unwrap();
    std::fs::create_dir(&masks).unwrap();
    // The right half does not count, and is nonsense in the copies of the masks.
    for entry in std::fs::read_dir(sample().join("masks")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut labels = read_image(&path).unwrap().to_labels_zyx().unwrap();
        let (_, height, width) = labels.dim();
        let counts = Array2::from_shape_fn((height, width), |(_, x)| u8::from(2 * x < width));
        write(&weights.join(format!("{name}.tif")), counts);
        labels.slice_mut(s![.., .., width / 2 + 1..]).fill(7);
        write(
            &masks.join(format!("{name}.tif")),
            labels
                .index_axis_move(Axis(0), 0)
                .mapv(|label| label as u16),
        );
    }
    let weight = format!("data.train.weight={}", weights.display());
    let target = format!("data.train.target={}", masks.display());
    // A pixel of border width 0 depends on its own label alone.
    let common = ["data.border_width=0", "training.epochs=1", &weight];
    let [first, second] = ["as it is", "nonsense"].map(|name| folder.path().join(name));
    train(&first, &common);
    train(&second, &[&common[..], &[&target]].concat());
    assert_eq!(state(&first), state(&second));
    let unweighted = folder.path().join("without weights");
    train(&unweighted, &[common[0], common[1], &target]);
    assert_ne!(state(&first), state(&unweighted));
}

fn write<T: PixelType>(path: &Path, pixels: Array2<T>) {
    let image = Image::new(pixels, "yx".parse().unwrap()).unwrap();
    write_image(path, &image).unwrap();
}

#[test]
fn labels_need_no_step_of_post_processing() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train(&run, &["training.epochs=1", "postprocess=[]"]);
    assert!(run.join("model/preview.png").is_file());
}
