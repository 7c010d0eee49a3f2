//! Model packages that cannot be used.

use coverslip::weights::state_dict::{self, StateDict};

use crate::study::Study;

fn predict(study: &Study) -> String {
    study.fault(&[
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        "out",
    ])
}

/// Changes the weights of the model.
fn change_weights(study: &Study, change: impl FnOnce(&mut StateDict)) {
    let path = study.path("run/model/weights.safetensors");
    let (mut weights, _) = state_dict::read(&path).unwrap();
    change(&mut weights);
    std::fs::write(path, state_dict::to_bytes(&weights, None).unwrap()).unwrap();
}

#[test]
fn tensors_that_do_not_fit() {
    let study = Study::trained();
    let whole = study.read("run/model/weights.safetensors");
    let restore = || study.write("run/model/weights.safetensors", &whole);
    let (weights, _) = state_dict::read(&study.path("run/model/weights.safetensors")).unwrap();
    let (name, tensor) = weights.first_key_value().unwrap();
    let other = weights
        .values()
        .find(|data| data.shape() != tensor.shape())
        .unwrap();

    change_weights(&study, |weights| drop(weights.remove(name)));
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: missing down1.maxpool_conv.1.double_conv.0.weight

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
    restore();
    change_weights(&study, |weights| {
        weights.insert("extra.weight".to_owned(), tensor.clone());
    });
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: unexpected extra.weight

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
    restore();
    change_weights(&study, |weights| {
        weights.insert(name.clone(), other.clone());
    });
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: misshapen down1.maxpool_conv.1.double_conv.0.weight is [8] where the network has [8, 4, 3, 3]

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
    change_weights(&study, |weights| {
        let last = weights.pop_last().unwrap();
        weights.insert("extra.weight".to_owned(), last.1);
    });
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: missing up1.up.weight; unexpected extra.weight; misshapen down1.maxpool_conv.1.double_conv.0.weight is [8] where the network has [8, 4, 3, 3]

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
}

#[test]
fn damaged_weights() {
    let study = Study::trained();
    let whole = study.read("run/model/weights.safetensors");
    let said = [whole.len() - 100, 100, 5, 0].map(|bytes| {
        study.write("run/model/weights.safetensors", &whole[..bytes]);
        predict(&study)
    });
    insta::assert_snapshot!(said.join("\n"), @"
    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: it is cut off or damaged (incomplete metadata, file not fully covered)

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together

    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: it is cut off or damaged (invalid header length)

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together

    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: it is cut off or damaged (header too small)

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together

    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: it is cut off or damaged (header too small)

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
    study.write(
        "run/model/weights.safetensors",
        "hello world, this is no safetensors file",
    );
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: it is cut off or damaged (header too large)

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
    study.remove("run/model/weights.safetensors");
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors` does not exist

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
}

#[test]
fn weights_that_are_not_finite() {
    let study = Study::trained();
    let mut bytes = study.read("run/model/weights.safetensors");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    study.write("run/model/weights.safetensors", bytes);
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/weights.safetensors` is not a usable safetensors file: tensor up1.up.weight holds values that are not finite

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together
    ");
}

#[test]
fn folders_that_are_no_package() {
    let study = Study::trained();
    study.remove("run/model/model.yaml");
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model` is not a model package: it has no `model.yaml`

    hint: give the folder `model` inside the folder of a training run
    ");
    let with_model = |model| {
        study.fault(&[
            "predict", "--model", model, "--input", "images", "--output", "out",
        ])
    };
    insta::assert_snapshot!(with_model("run"), @"
    exit 2
    error: `run` is not a model package: it has no `model.yaml`

    hint: give the folder `model` inside the folder of a training run
    ");
    insta::assert_snapshot!(with_model("rnu/model"), @"
    exit 2
    error: `rnu/model` does not exist

    hint: check the spelling of the path
    ");
    insta::assert_snapshot!(with_model("run.yaml"), @"
    exit 2
    error: `run.yaml` is not a model package: it has no `model.yaml`

    hint: give the folder `model` inside the folder of a training run
    ");
}

#[test]
fn a_package_of_a_later_version() {
    let study = Study::trained();
    study.edit(
        "run/model/model.yaml",
        "format_version: 1",
        "format_version: 2",
    );
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/model.yaml` has format version 2; this program reads version 1

    hint: update coverslip
    ");
}

#[test]
fn descriptions_that_make_no_sense() {
    let study = Study::trained();
    let whole = study.read("run/model/model.yaml");
    let changes = [
        ("format_version: 1\n", ""),
        ("format_version: 1", "format_version: one"),
        ("base: 4", "base: 0"),
        ("base: 4", "base: 8"),
        ("depth: 1", "depth: 40"),
        ("in_channels: 1", "in_channels: 0"),
        ("out_channels: 2", "out_channels: 99999999999"),
        ("unet:", "vit:"),
        ("dimensions: 2", "dimensions: 7"),
        ("strides: null", "strides: [[1, 9999999999, 9999999999]]"),
        ("tile: [16, 16]", "tile: [0, 16]"),
        ("overlap: 0.25", "overlap: 1.5"),
        ("channels: null", "channels: []"),
        ("low: 0.5", "low: 99.9"),
        ("argmax", "argmin"),
    ];
    let said = changes.map(|(old, new)| {
        study.write("run/model/model.yaml", &whole);
        study.edit("run/model/model.yaml", old, new);
        format!("{old} -> {new}\n{}", predict(&study))
    });
    insta::assert_snapshot!(said.join("\n"), @"
    format_version: 1
     -> 
    exit 2
    error: `run/model/model.yaml` cannot be read: its `format_version` is not a number

    hint: restore the file from the training run

    format_version: 1 -> format_version: one
    exit 2
    error: `run/model/model.yaml` cannot be read: its `format_version` is not a number

    hint: restore the file from the training run

    base: 4 -> base: 0
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: network option `base`: 0 is not from 1 to 1024

    hint: restore the file from the training run, or use the version of coverslip that it names

    base: 4 -> base: 8
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: misshapen inc.double_conv.0.weight is [4, 1, 3, 3] where the network has [8, 1, 3, 3], inc.double_conv.1.weight is [4] where the network has [8], inc.double_conv.1.bias is [4] where the network has [8], inc.double_conv.1.running_mean is [4] where the network has [8], inc.double_conv.1.running_var is [4] where the network has [8], inc.double_conv.3.weight is [4, 4, 3, 3] where the network has [8, 8, 3, 3], inc.double_conv.4.weight is [4] where the network has [8], inc.double_conv.4.bias is [4] where the network has [8] and 25 more

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together

    depth: 1 -> depth: 40
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: network option `depth`: 40 is not from 1 to 8

    hint: restore the file from the training run, or use the version of coverslip that it names

    in_channels: 1 -> in_channels: 0
    exit 2
    error: `run/model/weights.safetensors`: the weights do not fit the network: misshapen inc.double_conv.0.weight is [4, 1, 3, 3] where the network has [4, 0, 3, 3]

    hint: copy the whole package again: `model.yaml` and `weights.safetensors` belong together

    out_channels: 2 -> out_channels: 99999999999
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: network option `*`: widths, kernels, levels and channels together make about 5e11 weights; at most 1e9 are possible

    hint: restore the file from the training run, or use the version of coverslip that it names

    unet: -> vit:
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: unknown network `vit`

    hint: restore the file from the training run, or use the version of coverslip that it names

    dimensions: 2 -> dimensions: 7
    exit 2
    error: `run/model/model.yaml` cannot be read: `io.dimensions` is 7, expected 2 or 3

    hint: restore the file from the training run

    strides: null -> strides: [[1, 9999999999, 9999999999]]
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: network option `*`: widths, kernels, levels and channels together make about 3e21 weights; at most 1e9 are possible

    hint: restore the file from the training run, or use the version of coverslip that it names

    tile: [16, 16] -> tile: [0, 16]
    exit 2
    error: `run/model/model.yaml` cannot be read: `predict.tile` is [0, 16], expected 2 sizes of at least 1 pixel

    hint: restore the file from the training run

    overlap: 0.25 -> overlap: 1.5
    exit 2
    error: `run/model/model.yaml` cannot be read: `predict.overlap` is 1.5, expected a number from 0 to below 1

    hint: restore the file from the training run

    channels: null -> channels: []
    exit 2
    error: `run/model/model.yaml` cannot be read: `channels` does not have `io.in_channels` items

    hint: restore the file from the training run

    low: 0.5 -> low: 99.9
    exit 2
    error: low is 99.9, expected 0 to 100 and below high

    hint: change this setting

    error: low is 99.9, expected 0 to 100 and below high

    hint: change this setting

    error: low is 99.9, expected 0 to 100 and below high

    hint: change this setting

    error: 3 of 3 images could not be predicted

    argmax -> argmin
    exit 2
    error: `run/model/model.yaml` describes a model that this program cannot build: unknown post-processing step `argmin`

    hint: restore the file from the training run, or use the version of coverslip that it names
    ");
}

#[test]
fn descriptions_that_cannot_be_read() {
    let study = Study::trained();
    study.write("run/model/model.yaml", "axes: [");
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/model.yaml` cannot be read: model.yaml:2:1: the text is not valid YAML: while parsing a node, did not find expected node content

    hint: restore the file from the training run
    ");
    study.write("run/model/model.yaml", [0xff, 0xfe, 0x00]);
    insta::assert_snapshot!(predict(&study), @"
    exit 2
    error: `run/model/model.yaml` cannot be read: model.yaml:1:1: byte 0xFF is not UTF-8 text; allowed: a text file saved as UTF-8

    hint: restore the file from the training run
    ");
}
