//! Configs from the outside: what is accepted, and the exact words for what is not.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fmt::Write;
use std::path::Path;

use coverslip::base::error::Fault;
use coverslip::config::{Config, ConfigError, Preset, Schema};
use coverslip::names::TargetKind;
use coverslip::names::{Kind, OptionFault};
use coverslip::registry::Registry;
use coverslip::steps::preprocess::{Applied, PreprocessStep};
use coverslip_algorithms::AlgorithmError;
use ndarray::Array4;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The smallest complete config.
const MINIMAL: &str = "\
data:
  train: {source: images, target: masks}
  target_kind: semantic
network: unet
loss: [dice]
";

fn load(text: &str, overrides: &[&str]) -> Result<Config, ConfigError> {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let registry = Registry::builtin().unwrap();
    Config::from_text("run.yaml", text, Path::new("/data"), &overrides, &registry)
}

/// The words for everything that is wrong with the text.
fn faults(text: &str, overrides: &[&str]) -> String {
    let text = load(text, overrides).unwrap_err().to_string();
    // These lists grow.
    [
        (Kind::Network, "NETWORKS"),
        (Kind::Loss, "LOSSES"),
        (Kind::Optimizer, "OPTIMIZERS"),
    ]
    .into_iter()
    .fold(text, |text, (kind, word)| {
        text.replace(&names(kind).join(", "), word)
    })
}

fn names(kind: Kind) -> Vec<String> {
    let registry = Registry::builtin().unwrap();
    let entries = registry.descriptions(kind);
    entries
        .into_iter()
        .map(|entry| entry.name.clone())
        .collect()
}

/// As [`faults`], for the minimal config with overrides.
fn faults_of(overrides: &[&str]) -> String {
    faults(MINIMAL, overrides)
}

#[test]
fn defaults_are_filled_in() {
    let settings = load(MINIMAL, &[]).unwrap().settings;
    assert_eq!(settings.framework.name, "fcn");
    assert_eq!(settings.training.epochs, 40);
    assert_eq!(settings.data.target_kind, TargetKind::Semantic);
    assert_eq!(settings.data.class_count(), Some(2));
    assert_eq!(settings.network.options["depth"], json!(4));
    assert_eq!(settings.optimizer.options["learning_rate"], json!(0.001));
}

#[test]
fn paths_start_where_they_were_written() {
    let config = load(MINIMAL, &["data.train.target=masks/a: b.csv"]).unwrap();
    assert_eq!(config.settings.data.train.source, Path::new("/data/images"));
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        config.settings.data.train.target,
        Some(here.join("masks/a: b.csv"))
    );
}

#[test]
fn presets_are_right_and_written_configs_read_back() {
    let registry = Registry::builtin().unwrap();
    for preset in Preset::ALL {
        let config = Config::load(preset.name, &[], &registry).unwrap();
        let yaml = config.to_yaml().unwrap();
        let again = Config::from_text("again", &yaml, Path::new("/other"), &[], &registry).unwrap();
        assert_eq!(again.settings, config.settings, "{}", preset.name);
        assert_eq!(again.to_yaml().unwrap(), yaml);
        assert!(preset.summary().ends_with('.'), "{}", preset.summary());
    }
}

#[test]
fn three_faults_at_once() {
    let text = "\
data:
  train: {source: images, target: masks}
  target_kind: semantic
network:
  unett: {depth: 3}
loss: [dice]
trainig: {epochs: 3}
predict:
  overlap: 1.5
";
    insta::assert_snapshot!(faults(text, &[]), @"
    the config has 3 faults
    run.yaml:5:3: unknown network `unett`; did you mean `unet`? allowed: NETWORKS
    run.yaml:7:1: unknown key `trainig`; did you mean `training`? allowed: framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess
    run.yaml:9:12: `predict.overlap` is 1.5; allowed: a number from 0 to below 1
    ");
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(faults_of(&[
        "seed=1.5",
        "training.epochs=1e3",
        "training.batch_size=many",
        "training.patches_per_epoch=",
        "data.class_names=[background, 1]",
        "data.augment=flip",
        "data.patch.size=256",
        "data.validation=[1]",
        "optimizer.adam.learning_rate=0,001",
        "data.preprocess[0].percentile.clip=yes",
    ]), @r#"
    the config has 10 faults
    --set data.class_names: `data.class_names[1]` is 1; did you mean `"1"`? allowed: text
    --set data.augment: `data.augment` is the text `flip`; did you mean `[flip]`? allowed: a list of any number of items, each an augmentation by name (flip, rotate90), with or without options
    --set data.patch.size: `data.patch.size` is 256; allowed: a list of 2 to 3 items, each a whole number of at least 1
    --set data.validation: `data.validation` is a list of 1 item; allowed: a number between 0 and 1, or a mapping with the keys subset, or a mapping with the keys source, target, weight, split, subset
    --set data.preprocess[0].percentile.clip: `data.preprocess[0].percentile.clip` is the text `yes`; did you mean `true`? allowed: true or false
    --set seed: `seed` is 1.5; allowed: a whole number of at least 0
    --set training.epochs: `training.epochs` is 1000.0; did you mean `1000`? allowed: a whole number from 1 to 1000000
    --set training.batch_size: `training.batch_size` is the text `many`; allowed: a whole number from 1 to 65536
    --set training.patches_per_epoch: `training.patches_per_epoch` has no value; allowed: a whole number of at least 1
    --set optimizer.adam.learning_rate: `optimizer.adam.learning_rate` is the text `0,001`; did you mean `0.001`? allowed: a number above 0
    "#);
}

#[test]
fn out_of_range() {
    insta::assert_snapshot!(faults_of(&[
        "seed=-1",
        "training.epochs=0",
        "data.patch.size=[1, 2, 3, 4]",
        "data.patch.size[0]=0",
        "data.validation=1.0",
        "loss=[]",
        "optimizer.adam={betas: [0.9, 1.0], learning_rate: 0}",
        "predict.overlap=1",
    ]), @"
    the config has 8 faults
    --set data.patch.size: `data.patch.size` is a list of 4 items; allowed: a list of 2 to 3 items, each a whole number of at least 1
    --set data.validation: `data.validation` is 1.0; allowed: a number between 0 and 1
    --set loss: `loss` is a list of 0 items; allowed: a list of one item or more, each a loss by name (LOSSES), with or without options
    --set seed: `seed` is -1; allowed: a whole number of at least 0
    --set training.epochs: `training.epochs` is 0; allowed: a whole number from 1 to 1000000
    --set optimizer.adam: `optimizer.adam.betas[1]` is 1.0; allowed: a number from 0 to 0.999999
    --set optimizer.adam: `optimizer.adam.learning_rate` is 0; allowed: a number above 0
    --set predict.overlap: `predict.overlap` is 1; allowed: a number from 0 to below 1
    ");
}

#[test]
fn unknown_names() {
    insta::assert_snapshot!(faults_of(&[
        "network.unet.dept=3",
        "network.unet.colour=red",
        "epochs=3",
        "zebra=1",
        "data.train.sorce=x",
        "data.target_kind=sematic",
        "loss[0]=dise",
        "loss[1].vocal.gamma=2",
        "predict.blend=linear",
        "data.validation.subsett=val",
        "data.augment=[{flip: {axis: 1}}]",
    ]), @"
    the config has 12 faults
    --set data.train.sorce: unknown key `sorce` in `data.train`; did you mean `source`? allowed: source, target, weight, split, subset
    --set data.target_kind: `data.target_kind` is the text `sematic`; did you mean `semantic`? allowed: semantic, instance, image
    --set data.validation.subsett: unknown key `subsett` in `data.validation`; did you mean `subset`? allowed: subset
    --set data.validation.subsett: `data.validation.subset` is missing; allowed: text
    --set data.augment: unknown key `axis` in `data.augment[0].flip`; allowed: no options
    --set network.unet.dept: unknown key `dept` in `network.unet`; did you mean `depth`? allowed: base, depth, growth, convolutions, norm, activation, upsampling, kernels, strides, n2v2
    --set network.unet.colour: unknown key `colour` in `network.unet`; allowed: base, depth, growth, convolutions, norm, activation, upsampling, kernels, strides, n2v2
    --set loss[0]: unknown loss `dise`; did you mean `dice`? allowed: LOSSES
    --set loss[1].vocal.gamma: unknown loss `vocal`; did you mean `focal`? allowed: LOSSES
    --set epochs: unknown key `epochs`; did you mean `training.epochs`? allowed: framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess
    --set zebra: unknown key `zebra`; allowed: framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess
    --set predict.blend: `predict.blend` is the text `linear`; allowed: gaussian, constant, hann, crop
    ");
}

#[test]
fn named_nodes_with_a_wrong_shape() {
    let text = "\
data:
  train: {source: images, target: masks}
  target_kind: semantic
network: {}
loss:
  - dice:
    weight: 2
  - 3
optimizer: {learning_rate: 1.0e-3}
";
    insta::assert_snapshot!(faults(text, &[]), @"
    the config has 4 faults
    run.yaml:4:10: `network` names no network; allowed: one network by name, its options indented below the name: NETWORKS
    run.yaml:6:5: `loss[0]` has 2 keys (dice, weight); allowed: one loss by name, its options indented below the name: LOSSES
    run.yaml:8:5: `loss[1]` is 3; allowed: a loss by name (LOSSES), with or without options
    run.yaml:9:13: unknown optimizer `learning_rate`; allowed: OPTIMIZERS
    ");
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(faults("data: {train: {source: images}}\n", &[]), @"
    the config has 4 faults
    run.yaml:1:8: `data.train.target` is missing; allowed: a path
    run.yaml:1:1: `data.target_kind` is missing; allowed: semantic, instance, image
    run.yaml:1:1: `network` is missing; allowed: a network by name (NETWORKS), with or without options
    run.yaml:1:1: `loss` is missing; allowed: a list of one item or more, each a loss by name (LOSSES), with or without options
    ");
    insta::assert_snapshot!(faults("[1, 2]\n", &[]), @"
    the config has 1 fault
    run.yaml:1:1: the config is a list of 2 items; allowed: a mapping with the keys framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess
    ");
}

#[test]
fn overrides_that_lead_nowhere() {
    insta::assert_snapshot!(faults_of(&[
        "seed",
        "=3",
        "training..epochs=3",
        "loss[x].dice=3",
        "loss.dice.weight=3",
        "loss[2]=mse",
        "training[0]=3",
        "data.channels=[1, 2",
    ]), @"
    the config has 8 faults
    --set seed: `seed` has no `=`; allowed: KEY=VALUE, as in training.epochs=3 or loss[0].dice.weight=2
    --set =3: `` is not a key: a name is missing between dots; allowed: KEY=VALUE, as in training.epochs=3 or loss[0].dice.weight=2
    --set training..epochs: `training..epochs` is not a key: a name is missing between dots; allowed: KEY=VALUE, as in training.epochs=3 or loss[0].dice.weight=2
    --set loss[x].dice: `loss[x].dice` is not a key: a position in a list is written `[0]`, with a whole number; allowed: KEY=VALUE, as in training.epochs=3 or loss[0].dice.weight=2
    --set loss.dice.weight: `loss` is a list; allowed: one item of it by number, as in `loss[0]`
    --set loss[2]: `loss` has 1 items, numbered from 0; allowed: `loss[1]` to add one
    --set data.channels: in its value, a list in brackets is not closed, or lacks a comma; allowed: `[first, second]`
    --set training[0]: `training` is a list of 1 item; allowed: a mapping with the keys epochs, patches_per_epoch, batch_size, validation_patches, clip_gradient, averaging, early_stopping, sample_pictures
    ");
}

#[test]
fn overrides_reach_every_key() {
    let settings = load(
        MINIMAL,
        &[
            "training.epochs=3",
            "loss[0].dice.weight=2",
            "loss[1]=cross_entropy",
            "network.unet.depth=3",
            "optimizer.adamw.weight_decay=0.1",
            "data.validation.subset=val",
            "data.train={source: a, target: b, split: s.csv, subset: train}",
            "training.early_stopping.patience=5",
            "seed=7",
            "seed=8",
        ],
    )
    .unwrap()
    .settings;
    let tree = serde_json::to_value(&settings).unwrap();
    let at = |pointer: &str| tree.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!(at("/seed"), json!(8));
    assert_eq!(at("/training/epochs"), json!(3));
    assert_eq!(at("/training/early_stopping/patience"), json!(5));
    assert_eq!(at("/loss/0/dice/weight"), json!(2));
    assert_eq!(at("/loss/1/cross_entropy/weight"), json!(1.0));
    assert_eq!(at("/network/unet/base"), json!(32));
    assert_eq!(at("/network/unet/depth"), json!(3));
    assert_eq!(at("/optimizer/adamw/weight_decay"), json!(0.1));
    assert_eq!(at("/optimizer/adam"), Value::Null);
    assert_eq!(at("/data/validation"), json!({"subset": "val"}));
}

#[test]
fn contradictions_for_classes() {
    insta::assert_snapshot!(faults_of(&[
        "loss=[mse, {cross_entropy: {class_weights: [1, 2, 3]}}, \
         {dice: {class_weights: [1, 2], include_background: false}}]",
        "data.class_names=[a]",
        "predict.tile=[8, 64, 64]",
        "predict.output=values",
        "data.validation.subset=val",
        "data.target_preprocess=[standard]",
        "data.target_scale=source",
    ]), @"
    the config has 9 faults
    --set loss: loss `mse` works with image targets, but `data.target_kind` is semantic; allowed: cross_entropy, binary_cross_entropy, dice, generalized_dice, tversky, focal, lovasz_softmax, lovasz_hinge; or another `data.target_kind`
    --set data.target_preprocess: `data.target_preprocess` changes intensities, but `data.target_kind` is semantic; allowed: an empty list
    --set data.target_scale: `data.target_scale` is source, but `data.target_kind` is semantic; allowed: target
    --set data.class_names: `data.class_names` has 1 names, but there are 2 classes; allowed: one name for each class, background first
    --set loss: `loss[1].cross_entropy.class_weights` has 3 weights for 2 classes; allowed: 2 weights, one for each class in their order
    --set loss: `loss[2].dice.class_weights` has 2 weights for 1 classes without the background; allowed: 1 weights, one for each class in their order
    --set data.validation.subset: `data.validation.subset` needs the split file `data.train.split`; allowed: a fraction, or a split file for the training images
    --set predict.tile: `predict.tile` has 3 values, but `data.patch.size` has 2; allowed: [y, x]
    --set predict.output: `predict.output` is values, but `data.target_kind` is semantic; allowed: labels, probabilities
    ");
    insta::assert_snapshot!(faults_of(&[
        "data.target_kind=instance",
        "data.classes=2",
        "loss=[{dice: {weight: 0}}, {cross_entropy: {weight: 0.0, class_weights: [0, 0, 0]}}]",
        "data.train.split=split.csv",
        "data.test={source: a, target: b, subset: test}",
    ]), @"
    the config has 5 faults
    --set data.classes: `data.classes` is 2, but instance targets with `data.border_width` 1 make 3 classes; allowed: 3
    --set loss: every term of `loss` has weight 0, so nothing would be learnt; allowed: a weight above 0
    --set loss: `loss[1].cross_entropy.class_weights` are all 0; allowed: a weight above 0
    --set data.train.split: `data.train.split` needs `data.train.subset` to say which part to use; allowed: a subset, as in `train`
    --set data.test: `data.test.subset` needs the split file `data.test.split`; allowed: a split file, or no subset
    ");
}

#[test]
fn losses_that_do_not_fit() {
    insta::assert_snapshot!(faults_of(&[
        "data.target_kind=image",
        "data.ignore_label=255",
        "data.patch.size=[96, 200]",
        "data.target_scale=source",
        "loss=[mse, {ms_ssim: {weight: 0.5}}, heteroscedastic]",
    ]), @"
    the config has 4 faults
    --set loss: `loss[1].ms_ssim` needs patches of at least 161 pixels along each axis, but `data.patch.size` is [96, 200]; allowed: larger patches, or a smaller window or fewer levels of the loss
    --set loss: `loss[2].heteroscedastic` needs 2 output channels for each of the target, the first term of `loss` 1; allowed: terms that work on the same output
    --set loss: `loss[2].heteroscedastic` gives more than intensities, which `data.target_scale: source` cannot bring to those of the image; allowed: `data.target_scale: target`
    --set data.ignore_label: `data.ignore_label` names a label, but `data.target_kind` is image; allowed: no label; `weight` beside `target` names a folder of weights
    ");
    insta::assert_snapshot!(faults_of(&[
        "loss=[{focal: {alpha: [0.1, 0.2, 0.3]}}, {binary_cross_entropy: {positive_weights: [0, 0]}}]",
    ]), @"
    the config has 2 faults
    --set loss: `loss[0].focal.alpha` has 3 weights for 2 classes; allowed: 2 weights, one for each class in their order
    --set loss: `loss[1].binary_cross_entropy.positive_weights` are all 0; allowed: a weight above 0
    ");
    insta::assert_snapshot!(faults_of(&["loss=[{tversky: {alpha: -1}}]"]), @"
    the config has 1 fault
    --set loss: `loss[0].tversky.alpha` is -1; allowed: a number of at least 0
    ");
}

#[test]
fn contradictions_for_images() {
    insta::assert_snapshot!(faults_of(&[
        "data.target_kind=image",
        "data.classes=2",
        "data.class_names=[a, b]",
        "predict.output=labels",
        "postprocess=[argmax]",
        "data.target_preprocess=[standard]",
        "data.target_scale=source",
    ]), @"
    the config has 5 faults
    run.yaml:5:8: loss `dice` works with semantic and instance targets, but `data.target_kind` is image; allowed: mse, l1, smooth_l1, huber, heteroscedastic, ssim, ms_ssim; or another `data.target_kind`
    --set postprocess: post-processing step `argmax` works with semantic and instance targets, but `data.target_kind` is image; allowed: threshold, watershed, components, remove_small, fill_holes, clear_border, largest, remove_isolated, relabel, split; or another `data.target_kind`
    --set data.target_scale: `data.target_scale` is source, which leaves nothing for `data.target_preprocess` to do; allowed: target, or an empty `data.target_preprocess`
    --set data.classes: `data.classes` is given, but `data.target_kind` is image; allowed: no `data.classes`
    --set data.class_names: `data.class_names` is given, but `data.target_kind` is image; allowed: no `data.class_names`
    ");
}

#[test]
fn steps_in_the_wrong_order() {
    insta::assert_snapshot!(
        faults_of(&["postprocess=[{components: {seeds: 1, grow: 2}}, argmax]"]),
        @"
    the config has 1 fault
    --set postprocess: the step `components` needs labels, but no step before it makes them; allowed: put `argmax` (or `threshold`) before it in `postprocess`
    "
    );
    insta::assert_snapshot!(faults_of(&["postprocess=[argmax, fill_holes, argmax]"]), @"
    the config has 1 fault
    --set postprocess: the step `argmax` needs the network's values, but a step before it made labels; allowed: move `argmax` to the front of `postprocess`
    ");
}

/// Scales intensities to a range.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Range {
    /// The lowest intensity.
    low: f64,
    /// The highest.
    high: f64,
}

impl Default for Range {
    fn default() -> Self {
        let (low, high) = (0.0, 1.0);
        Self { low, high }
    }
}

impl PreprocessStep for Range {
    fn apply(&self, _: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        Ok(Applied::default())
    }
}

#[test]
fn an_entry_of_another_crate_checks_its_options() {
    let mut registry = Registry::builtin().unwrap();
    let entry = registry.add_preprocess::<Range>("range").unwrap();
    entry.with_check(|given| {
        let number = |option: &str| given.options[option].as_f64().unwrap_or(0.0);
        let (low, high) = (number("low"), number("high"));
        (low >= high).then(|| OptionFault {
            option: "low".to_owned(),
            problem: format!("`{}` is {low}, but `high` is {high}", given.key("low")),
            allowed: format!("below {high}"),
        })
    });
    let check = |change: &str| {
        let overrides = [change.to_owned()];
        let folder = Path::new("/data");
        let config = Config::from_text("run.yaml", MINIMAL, folder, &overrides, &registry);
        config.err().map(|error| error.to_string())
    };
    assert_eq!(check("data.preprocess=[range, {range: {low: -1}}]"), None);
    insta::assert_snapshot!(check("data.preprocess=[standard, {range: {low: 2}}]").unwrap(), @"
    the config has 1 fault
    --set data.preprocess: `data.preprocess[1].range.low` is 2, but `high` is 1; allowed: below 1
    ");
}

#[test]
fn a_watershed_without_seeds() {
    insta::assert_snapshot!(faults_of(&["postprocess=[{watershed: {seeds: null}}]"]), @"
    the config has 1 fault
    --set postprocess: `postprocess[0].watershed.seeds` has no value; allowed: a number; only an operation takes markers
    ");
}

#[test]
fn former_names_of_options() {
    insta::assert_snapshot!(faults_of(&["postprocess=[argmax, {remove_small: {pixels: 20}}]"]), @"
    the config has 1 fault
    --set postprocess: unknown key `pixels` in `postprocess[1].remove_small`; did you mean `min_size`? allowed: min_size, connectivity, mode, labels
    ");
}

#[test]
fn broken_texts() {
    let texts = [
        "",
        "# nothing but a comment\n",
        "seed: 1\nseed: 2\nnetwork: 3\n",
        "data:\n\ttrain: 1\n",
        "data:\n  train: 1\n seed: 2\n",
        "data: train: 1\n",
        "seed: [1, 2\nloss: 3\n",
        "data: {train: 'abc}\n",
        "seed: 1\n---\nseed: 2\n",
        "seed: !!int 1\n",
        "source: *.tif\n",
        "? [a, b]\n: 3\n",
        "seed: .inf\n",
        "seed: @\n",
    ];
    let all: Vec<String> = texts.iter().map(|text| faults(text, &[])).collect();
    insta::assert_snapshot!(all.join("\n\n"), @"
    the config has 1 fault
    run.yaml:1:1: the config is empty; allowed: settings as `key: value` lines

    the config has 1 fault
    run.yaml:1:1: the config is empty; allowed: settings as `key: value` lines

    the config has 4 faults
    run.yaml:2:1: `seed` is given twice, first on line 1; allowed: each key once in a mapping
    run.yaml:3:10: `network` is 3; allowed: a network by name (NETWORKS), with or without options
    run.yaml:1:1: `data` is missing; allowed: a mapping with the keys train, validation, test, target_kind, classes, class_names, ignore_label, channels, preprocess, target_preprocess, target_scale, border_width, patch, augment, workers, cache_gib
    run.yaml:1:1: `loss` is missing; allowed: a list of one item or more, each a loss by name (LOSSES), with or without options

    the config has 1 fault
    run.yaml:2:2: a tab is used as indentation; allowed: spaces

    the config has 1 fault
    run.yaml:3:2: this line does not fit its neighbours; allowed: the same indentation as the keys beside it

    the config has 1 fault
    run.yaml:1:12: a `:` is not expected here; allowed: one `key: value` in a line, indented like its neighbours; quotes around text with `: `

    the config has 1 fault
    run.yaml:2:5: a `:` is not expected here; allowed: one `key: value` in a line, indented like its neighbours; quotes around text with `: `

    the config has 1 fault
    run.yaml:1:15: the quote that opens here is never closed; allowed: a closing quote of the same kind

    the config has 1 fault
    run.yaml:2:1: a second document starts here; allowed: one document in a file; remove the line `---`

    the config has 1 fault
    run.yaml:1:7: a YAML tag (`!name`) stands here; allowed: plain values without tags

    the config has 1 fault
    run.yaml:1:9: an alias (`*name`) names no anchor; allowed: quotes around text that starts with `*`

    the config has 1 fault
    run.yaml:1:3: a list or mapping stands where a key is expected

    the config has 1 fault
    run.yaml:1:7: `.inf` has no finite value; allowed: a finite number

    the config has 1 fault
    run.yaml:1:7: the text is not valid YAML: unexpected character: `@'
    ");
}

#[test]
fn aliases_work_but_cannot_explode() {
    let text = MINIMAL.replace(
        "{source: images, target: masks}",
        "&pair {source: a, target: b}",
    ) + "predict: {tile: &size [64, 64]}\n"
        + "seed: 3\n";
    let with_alias = text.replace(
        "target_kind",
        "test: *pair\n  patch: {size: [64, 64]}\n  target_kind",
    );
    let settings = load(&with_alias, &[]).unwrap().settings;
    assert_eq!(settings.data.test.unwrap(), settings.data.train);

    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{below}]").unwrap();
    }
    insta::assert_snapshot!(faults(&bomb, &[]), @"
    the config has 1 fault
    run.yaml:5:45: the config holds more than 100000 values
    ");
    insta::assert_snapshot!(faults(&"[".repeat(10_000), &[]), @"
    the config has 1 fault
    run.yaml:1:256: the text is not valid YAML: recursion limit exceeded
    ");
}

#[test]
fn files_that_are_no_configs() {
    let registry = Registry::builtin().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let latin1 = folder.path().join("latin1.yaml");
    std::fs::write(&latin1, b"seed: 1\n# caf\xe9\n").unwrap();
    let words = |name: &str| {
        let error = Config::load(name, &[], &registry).unwrap_err();
        let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
        text.replace(folder.path().to_str().unwrap(), "DIR")
    };
    insta::assert_snapshot!(words("nuclei2d"), @"
    `nuclei2d` is neither a preset nor a file
    hint: did you mean the preset `nuclei-2d`?
    ");
    insta::assert_snapshot!(words("DIR/none.yaml"), @"
    `DIR/none.yaml` is neither a preset nor a file
    hint: give a config file (`coverslip init` writes one) or a preset: nuclei-2d, regression, self-denoise-2d, demo
    ");
    insta::assert_snapshot!(words(folder.path().to_str().unwrap()), @"
    `DIR` is a folder, not a config file
    hint: name the YAML file in it
    ");
    insta::assert_snapshot!(words(latin1.to_str().unwrap()), @"
    the config has 1 fault
    DIR/latin1.yaml:2:6: byte 0xE9 is not UTF-8 text; allowed: a text file saved as UTF-8
    hint: allowed: a text file saved as UTF-8
    ");
}

#[test]
fn schema_names_the_entries() {
    let registry = Registry::builtin().unwrap();
    let schema = Schema::new(&registry);
    let json = schema.as_json();
    assert_eq!(
        json["$schema"],
        json!("https://json-schema.org/draft/2020-12/schema")
    );
    assert_eq!(
        json["properties"]["network"]["$ref"],
        json!("#/$defs/network")
    );
    assert_eq!(
        json["properties"]["loss"]["items"]["$ref"],
        json!("#/$defs/loss")
    );
    assert_eq!(
        json["$defs"]["network"]["anyOf"][0]["enum"],
        json!(names(Kind::Network))
    );
    let depth = &json["$defs"]["network"]["anyOf"][1]["properties"]["unet"]["properties"]["depth"];
    assert_eq!(depth["default"], json!(4));
    assert_eq!(depth["maximum"], json!(8));
    assert!(!json.to_string().contains("x-registry"));
}

#[test]
fn training_rules_that_contradict_each_other() {
    insta::assert_snapshot!(faults_of(&[
        "optimizer={sgd: {nesterov: true}}",
        "training.early_stopping={patience: 3}",
        "training.averaging={swa: {}}",
    ]), @"
    the config has 2 faults
    --set optimizer: `optimizer.sgd.nesterov` is true, but `momentum` is 0 and `dampening` 0; allowed: a momentum above 0 and a dampening of 0, or false
    --set training.early_stopping: `training.early_stopping` could end training before `training.averaging.swa` has its average; allowed: no early stopping, or `averaging: {ema: {}}`
    ");
}

#[test]
fn training_rules_with_wrong_options() {
    insta::assert_snapshot!(faults_of(&[
        "optimizer={rmsprop: {rho: 0.9, momentum: 1}}",
        "schedule={cosin: {}}",
        "training.clip_gradient={norm: 0}",
        "training.averaging={ema: {decay: 1}}",
    ]), @"
    the config has 5 faults
    --set optimizer: unknown key `rho` in `optimizer.rmsprop`; allowed: learning_rate, alpha, epsilon, momentum, centered, weight_decay
    --set optimizer: `optimizer.rmsprop.momentum` is 1; allowed: a number from 0 to 0.999999
    --set schedule: unknown schedule `cosin`; did you mean `cosine`? allowed: constant, step, multistep, exponential, linear, linear_decay, polynomial, cosine, cosine_restarts, one_cycle, plateau
    --set training.clip_gradient: `training.clip_gradient.norm` is 0; allowed: a number above 0
    --set training.averaging: `training.averaging.ema.decay` is 1; allowed: a number from 0 to below 1
    ");
}

#[test]
fn warm_ups_and_options_of_rules_are_read() {
    let config = load(
        MINIMAL,
        &[
            "schedule={polynomial: {warmup_epochs: 3, warmup_start: 0.1}}",
            "training.clip_gradient={value: 0.5}",
            "training.averaging={swa: {start: 0.7}}",
        ],
    );
    let settings = config.unwrap().settings;
    assert_eq!(settings.schedule.options["warmup_epochs"], json!(3));
    assert_eq!(settings.schedule.options["power"], json!(0.9));
    let averaging = serde_json::to_value(&settings.training.averaging).unwrap();
    assert_eq!(averaging["swa"]["start"], json!(0.7));
    assert_eq!(averaging["swa"]["anneal"], json!("cosine"));
}
