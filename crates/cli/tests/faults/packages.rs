//! Model packages that cannot be used.

use coverslip::state_dict::{self, StateDict};

use crate::study::Study;

fn predict(study: &Study) -> String {
    let fault = study.fault(&[
        "predict", "--model", "run/model", "--input", "images", "--output", "out",
    ]);
    fault
}

/// Changes the weights of the model.
fn change_weights(study: &Study, change: impl FnOnce(&mut StateDict)) {
    let path = study.path("run/model/weights.safetensors");
    let (mut weights, metadata) = state_dict::read(&path).unwrap();
    change(&mut weights);
    std::fs::write(path, state_dict::to_bytes(&weights, metadata).unwrap()).unwrap();
}

#[test]
fn tensors_that_do_not_fit() {
    let study = Study::trained();
    let whole = study.read("run/model/weights.safetensors");
    let restore = || study.write("run/model/weights.safetensors", &whole);
    let (weights, _) = state_dict::read(&study.path("run/model/weights.safetensors")).unwrap();
    let (name, tensor) = weights.first_key_value().unwrap();
    let other = weights.values().find(|data| data.shape() != tensor.shape()).unwrap();

    change_weights(&study, |weights| drop(weights.remove(name)));
    insta::assert_snapshot!(predict(&study), @"");
    restore();
    change_weights(&study, |weights| drop(weights.insert("extra.weight".to_owned(), tensor.clone())));
    insta::assert_snapshot!(predict(&study), @"");
    restore();
    change_weights(&study, |weights| drop(weights.insert(name.clone(), other.clone())));
    insta::assert_snapshot!(predict(&study), @"");
    change_weights(&study, |weights| {
        let last = weights.pop_last().unwrap();
        weights.insert("extra.weight".to_owned(), last.1);
    });
    insta::assert_snapshot!(predict(&study), @"");
}

#[test]
fn damaged_weights() {
    let study = Study::trained();
    let whole = study.read("run/model/weights.safetensors");
    for bytes in [whole.len() - 100, 100, 5, 0] {
        study.write("run/model/weights.safetensors", &whole[..bytes]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(predict(&study), @"");
        }
    }
    study.write("run/model/weights.safetensors", "hello world, this is no safetensors file");
    insta::assert_snapshot!(predict(&study), @"");
    study.remove("run/model/weights.safetensors");
    insta::assert_snapshot!(predict(&study), @"");
}

#[test]
fn weights_that_are_not_finite() {
    let study = Study::trained();
    let mut bytes = study.read("run/model/weights.safetensors");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    study.write("run/model/weights.safetensors", bytes);
    insta::assert_snapshot!(predict(&study), @"");
}

#[test]
fn folders_that_are_no_package() {
    let study = Study::trained();
    study.remove("run/model/model.yaml");
    insta::assert_snapshot!(predict(&study), @"");
    let with_model = |model| {
        study.fault(&["predict", "--model", model, "--input", "images", "--output", "out"])
    };
    insta::assert_snapshot!(with_model("run"), @"");
    insta::assert_snapshot!(with_model("rnu/model"), @"");
    insta::assert_snapshot!(with_model("run.yaml"), @"");
}

#[test]
fn a_package_of_a_later_version() {
    let study = Study::trained();
    study.edit("run/model/model.yaml", "format_version: 1", "format_version: 2");
    insta::assert_snapshot!(predict(&study), @"");
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
    insta::assert_snapshot!(said.join("\n"), @"");
    study.write("run/model/model.yaml", "axes: [");
    insta::assert_snapshot!(predict(&study), @"");
    study.write("run/model/model.yaml", [0xff, 0xfe, 0x00]);
    insta::assert_snapshot!(predict(&study), @"");
}
