//! Checkpoints that PyTorch wrote, predicted with: the values must be PyTorch's.

use coverslip_image::read_image;

use crate::{NETWORK, bench_with, command::Bench, data, fault, one_tensor};

const FILES: [&str; 6] = [
    "zip.pth",
    "legacy.pth",
    "lightning.ckpt",
    "parallel.pt",
    "unusual.pt",
    "weights.safetensors",
];

#[test]
fn predictions_are_those_of_pytorch() {
    let bench = bench_with(&FILES);
    bench.write("input.tif", std::fs::read(data("input.tif")).unwrap());
    let values = |path| {
        let image = read_image(path).unwrap();
        image
            .to_czyx_f32()
            .unwrap()
            .into_iter()
            .collect::<Vec<f32>>()
    };
    let expected = values(data("output.tif"));
    let largest = expected
        .iter()
        .fold(0.0f32, |most, value| most.max(value.abs()));
    for file in FILES {
        let said = bench.run(&[
            "import",
            file,
            "--network",
            NETWORK,
            "-o",
            "model",
            "--force",
        ]);
        assert_eq!(said.code, 0, "{file}: {}", said.stderr);
        let said = bench.run(&[
            "predict",
            "--model",
            "model",
            "--input",
            "input.tif",
            "--output",
            "out",
            "--quiet",
        ]);
        assert_eq!(said.code, 0, "{file}: {}", said.stderr);
        let found = values(bench.path().join("out/input.tif"));
        assert_eq!(found.len(), expected.len(), "{file}");
        for (found, expected) in found.iter().zip(&expected) {
            let difference = (found - expected).abs();
            assert!(
                difference <= 1e-5 * largest,
                "{file}: {found} is not {expected}"
            );
        }
    }
}

#[test]
fn what_was_taken_is_told() {
    let bench = bench_with(&["lightning.ckpt"]);
    let import = [
        "import",
        "lightning.ckpt",
        "--network",
        NETWORK,
        "-o",
        "model",
    ];
    insta::assert_snapshot!(bench.transcript(&import), @"");
    insta::assert_snapshot!(bench.transcript(&import), @"");
    let said = bench.run(&[&import[..], &["--force", "--json", "--target", "semantic"]].concat());
    let result = said.json();
    assert_eq!(result["taken"], 61);
    assert_eq!(result["out_channels"], 2);
    assert_eq!(result["key"], "state_dict");
    assert_eq!(result["strip"], "net.");
    assert_eq!(
        result["set_aside"],
        serde_json::json!(["optimizer_states.0.state.0.exp_avg"])
    );
    let model = std::fs::read_to_string(bench.path().join("model/model.yaml")).unwrap();
    assert!(
        model.contains("class_names: [background, class 1]"),
        "{model}"
    );
    let sha256 = result["sha256"].as_str().unwrap();
    assert!(
        model.contains(&format!("file: lightning.ckpt\n    sha256: {sha256}")),
        "{model}"
    );
}

#[test]
fn weights_of_another_network() {
    let bench = bench_with(&["zip.pth", "lightning.ckpt"]);
    let import = |file: &str, network: &str, options: &[&str]| {
        let arguments = [
            &["import", file, "--network", network, "-o", "model"],
            options,
        ]
        .concat();
        bench.transcript(&arguments)
    };
    insta::assert_snapshot!(import("zip.pth", "{unet: {base: 2, depth: 3}}", &[]), @"");
    insta::assert_snapshot!(import("zip.pth", NETWORK, &["--out-channels", "3"]), @"");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--strip", "net"]), @"");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--strip", "generator."]), @"");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--key", "weights"]), @"");
    insta::assert_snapshot!(
        import("lightning.ckpt", NETWORK, &["--key", "state_dict", "--strip", "net.inc."]), @"");
    assert!(!bench.path().join("model").exists());
    insta::assert_snapshot!(
        import("zip.pth", NETWORK, &["--out-channels", "3", "--partial"]), @"");
}

/// The network as a config, a preset, or a name; all wrong in some way.
#[test]
fn networks_that_are_not_there() {
    let bench = bench_with(&["zip.pth"]);
    let import = |network: &str, options: &[&str]| {
        let arguments = [
            &["import", "zip.pth", "--network", network, "-o", "model"],
            options,
        ];
        bench.transcript(&arguments.concat())
    };
    insta::assert_snapshot!(import("unett", &[]), @"");
    insta::assert_snapshot!(import("nets.yaml", &[]), @"");
    insta::assert_snapshot!(import("{unet: {bas: 2}}", &[]), @"");
    insta::assert_snapshot!(import(NETWORK, &["--set", "data.chanels=[0]"]), @"");
}

/// A config says what the network's options and channels are, and what goes before and after it.
#[test]
fn a_config_is_followed() {
    let bench = bench_with(&["zip.pth"]);
    bench.write(
        "run.yaml",
        "data: {train: {source: a, target: b}, target_kind: semantic, preprocess: [standard]}\n\
         network: {unet: {base: 2, depth: 2}}\nloss: [dice]\npostprocess: [argmax]\n",
    );
    let said = bench.run(&["import", "zip.pth", "--network", "run.yaml", "-o", "model"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let model = std::fs::read_to_string(bench.path().join("model/model.yaml")).unwrap();
    assert!(model.contains("preprocess:\n  - standard"), "{model}");
    assert!(model.contains("postprocess: [argmax]"), "{model}");
}

/// One output channel is no score for each of two classes.
#[test]
fn classes_of_one_channel() {
    let bench = Bench::new();
    bench.write(
        "binary.safetensors",
        one_tensor("outc.conv.weight", &[1, 2, 1, 1]),
    );
    let said = fault(&bench, "binary.safetensors", &["--target", "semantic"]);
    insta::assert_snapshot!(said, @"");
}
