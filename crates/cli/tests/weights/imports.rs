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
    insta::assert_snapshot!(bench.transcript(&import), @"
    exit 0
    ----- stdout
    taken    56 of 56 tensors, under `state_dict`, without their `net.`
    aside    1 other tensors of the file
    network  unet, 2D, channels 1 to 2
    model    model
    ----- stderr
    ");
    insta::assert_snapshot!(bench.transcript(&import), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `model` exists already

    hint: choose another name, or replace the file with `--force`
    ");
    let said = bench.run(&[&import[..], &["--force", "--json", "--target", "semantic"]].concat());
    let result = said.json();
    assert_eq!(result["taken"], 56);
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
    insta::assert_snapshot!(import("zip.pth", "{unet: {base: 2, depth: 3}}", &[]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `zip.pth`: the weights do not fit the network: missing down3.maxpool_conv.1.double_conv.0.weight, down3.maxpool_conv.1.double_conv.1.weight, down3.maxpool_conv.1.double_conv.1.bias, down3.maxpool_conv.1.double_conv.1.running_mean, down3.maxpool_conv.1.double_conv.1.running_var, down3.maxpool_conv.1.double_conv.3.weight, down3.maxpool_conv.1.double_conv.4.weight, down3.maxpool_conv.1.double_conv.4.bias and 14 more; misshapen up1.up.weight is [8, 4, 2, 2] where the network has [16, 8, 2, 2], up1.up.bias is [4] where the network has [8], up2.up.weight is [4, 2, 2, 2] where the network has [8, 4, 2, 2], up2.up.bias is [2] where the network has [4], up1.conv.double_conv.0.weight is [4, 8, 3, 3] where the network has [8, 16, 3, 3], up1.conv.double_conv.1.weight is [4] where the network has [8], up1.conv.double_conv.1.bias is [4] where the network has [8], up1.conv.double_conv.1.running_mean is [4] where the network has [8] and 16 more

    hint: set the network's options, channels and classes to those the weights were trained with, or accept what does not fit with `--partial`
    ");
    insta::assert_snapshot!(import("zip.pth", NETWORK, &["--out-channels", "3"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `zip.pth`: the weights do not fit the network: misshapen outc.conv.weight is [2, 2, 1, 1] where the network has [3, 2, 1, 1], outc.conv.bias is [2] where the network has [3]

    hint: set the network's options, channels and classes to those the weights were trained with, or accept what does not fit with `--partial`
    ");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--strip", "net"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `lightning.ckpt`: the weights do not fit the network: missing inc.double_conv.0.weight, inc.double_conv.1.weight, inc.double_conv.1.bias, inc.double_conv.1.running_mean, inc.double_conv.1.running_var, inc.double_conv.3.weight, inc.double_conv.4.weight, inc.double_conv.4.bias and 48 more; unexpected .down1.maxpool_conv.1.double_conv.0.weight, .down1.maxpool_conv.1.double_conv.1.bias, .down1.maxpool_conv.1.double_conv.1.running_mean, .down1.maxpool_conv.1.double_conv.1.running_var, .down1.maxpool_conv.1.double_conv.1.weight, .down1.maxpool_conv.1.double_conv.3.weight, .down1.maxpool_conv.1.double_conv.4.bias, .down1.maxpool_conv.1.double_conv.4.running_mean and 48 more

    hint: set the network's options, channels and classes to those the weights were trained with, or accept what does not fit with `--partial`
    ");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--strip", ""]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `lightning.ckpt`: the weights do not fit the network: missing inc.double_conv.0.weight, inc.double_conv.1.weight, inc.double_conv.1.bias, inc.double_conv.1.running_mean, inc.double_conv.1.running_var, inc.double_conv.3.weight, inc.double_conv.4.weight, inc.double_conv.4.bias and 48 more; unexpected net.down1.maxpool_conv.1.double_conv.0.weight, net.down1.maxpool_conv.1.double_conv.1.bias, net.down1.maxpool_conv.1.double_conv.1.running_mean, net.down1.maxpool_conv.1.double_conv.1.running_var, net.down1.maxpool_conv.1.double_conv.1.weight, net.down1.maxpool_conv.1.double_conv.3.weight, net.down1.maxpool_conv.1.double_conv.4.bias, net.down1.maxpool_conv.1.double_conv.4.running_mean and 48 more

    hint: use the tensors of one part with `--strip net.`, or set the network's options, channels and classes to those the weights were trained with, or accept what does not fit with `--partial`
    ");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--strip", "generator."]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `lightning.ckpt`: no tensor's name begins with `generator.`; the first names are net.down1.maxpool_conv.1.double_conv.0.weight, net.down1.maxpool_conv.1.double_conv.1.bias, net.down1.maxpool_conv.1.double_conv.1.num_batches_tracked, net.down1.maxpool_conv.1.double_conv.1.running_mean, net.down1.maxpool_conv.1.double_conv.1.running_var, net.down1.maxpool_conv.1.double_conv.1.weight, net.down1.maxpool_conv.1.double_conv.3.weight, net.down1.maxpool_conv.1.double_conv.4.bias and 58 more

    hint: give the beginning of the names of the network you want
    ");
    insta::assert_snapshot!(import("lightning.ckpt", NETWORK, &["--key", "weights"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `lightning.ckpt` holds no tensors under `weights`; it holds epoch (int), hyper_parameters (dict), state_dict

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)
    ");
    insta::assert_snapshot!(
        import("lightning.ckpt", NETWORK, &["--key", "state_dict", "--strip", "net.inc."]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `lightning.ckpt`: the weights do not fit the network: missing inc.double_conv.0.weight, inc.double_conv.1.weight, inc.double_conv.1.bias, inc.double_conv.1.running_mean, inc.double_conv.1.running_var, inc.double_conv.3.weight, inc.double_conv.4.weight, inc.double_conv.4.bias and 48 more; unexpected double_conv.0.weight, double_conv.1.bias, double_conv.1.running_mean, double_conv.1.running_var, double_conv.1.weight, double_conv.3.weight, double_conv.4.bias, double_conv.4.running_mean and 2 more

    hint: set the network's options, channels and classes to those the weights were trained with, or accept what does not fit with `--partial`
    ");
    assert!(!bench.path().join("model").exists());
    insta::assert_snapshot!(
        import("zip.pth", NETWORK, &["--out-channels", "3", "--partial"]), @"
    exit 0
    ----- stdout
    first values  outc.conv.weight: [2, 2, 1, 1] in the file, [3, 2, 1, 1] in the network
    first values  outc.conv.bias: [2] in the file, [3] in the network
    taken    54 of 56 tensors
    network  unet, 2D, channels 1 to 3
    model    model
    ----- stderr
    ");
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
    insta::assert_snapshot!(import("unett", &[]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: unknown network `unett`

    hint: did you mean `unet`? allowed: NETWORKS
    ");
    insta::assert_snapshot!(import("nets.yaml", &[]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `nets.yaml` is neither a preset nor a file

    hint: give a config file (`coverslip init` writes one) or a preset: nuclei-2d, regression, self-denoise-2d, demo
    ");
    insta::assert_snapshot!(import("{unet: {bas: 2}}", &[]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x unknown key `bas` in `network.unet`
       ,-[command line:2:18]
     1 | data: {train: {source: images, target: targets}, target_kind: image, patch: {size: [256, 256]}}
     2 | network: {unet: {bas: 2}}
       :                  ^^^
     3 | loss: [mse]
       `----
      hint: did you mean `base`? allowed: base, depth, growth, convolutions, norm, activation, upsampling, kernels, strides, n2v2
    ");
    insta::assert_snapshot!(import(NETWORK, &["--set", "data.chanels=[0]"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x --set data.chanels: unknown key `chanels` in `data`
      hint: did you mean `channels`? allowed: train, validation, test, target_kind, classes, class_names, ignore_label, channels, preprocess, target_preprocess, target_scale, border_width, patch, augment, workers, cache_gib
    ");
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
    insta::assert_snapshot!(said, @"
    exit 2
    error: `binary.safetensors` belongs to a network of 1 output channel, and `semantic` targets have a channel for each of at least 2 classes

    hint: import it with `--target image` (in a config, `data.target_kind: image`): predictions are then the values that the network gives
    ");
}
