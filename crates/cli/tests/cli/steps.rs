//! Steps before and behind the network, from the config to the prediction.

use std::path::Path;

use coverslip_image::{Axes, Image, Pixels, read_image, write_image};
use ndarray::ArrayD;

use crate::command::Bench;

/// Trains on four of the sample images within a second.
const CONFIG: &str = "\
data:
  train: {source: images, target: masks}
  validation: 0.25
  target_kind: semantic
  patch: {size: [32, 32]}
network:
  unet: {base: 4, depth: 1}
loss: [cross_entropy]
training: {epochs: 1, patches_per_epoch: 8, batch_size: 4, validation_patches: 2, sample_pictures: 1}
postprocess: [{threshold: {method: {cutoff: 0.4}}}, {components: {}}]
";

/// The first four sample images with masks of two classes, and the config.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("run.yaml", CONFIG);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d");
    for folder in ["images", "masks"] {
        std::fs::create_dir(bench.path().join(folder)).unwrap();
        for name in [
            "n000_d256b32a",
            "n001_431b9b0c",
            "n002_7d40ea6e",
            "n003_1f9e429c",
        ] {
            let name = format!("{folder}/{name}.png");
            std::fs::copy(samples.join(&name), bench.path().join(&name)).unwrap();
        }
    }
    for mask in std::fs::read_dir(bench.path().join("masks")).unwrap() {
        let path = mask.unwrap().path();
        let labels = read_image(&path).unwrap().to_labels_zyx().unwrap();
        let classes = labels.mapv(|label| u8::from(label > 0));
        save(
            &path,
            "yx",
            classes
                .index_axis_move(ndarray::Axis(0), 0)
                .into_dyn()
                .into(),
        );
    }
    bench
}

fn save(path: &Path, axes: &str, pixels: Pixels) {
    let image = Image::new(pixels, axes.parse::<Axes>().unwrap()).unwrap();
    write_image(path, &image).unwrap();
}

/// Runs a command that must succeed; standard error.
fn succeed(bench: &Bench, arguments: &[&str]) -> String {
    let outcome = bench.run(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome.stderr
}

fn train(bench: &Bench, overrides: &[&str]) -> String {
    let mut arguments = vec!["train", "run.yaml", "--out", "run", "--quiet"];
    for change in overrides {
        arguments.extend(["--set", change]);
    }
    succeed(bench, &arguments)
}

fn predict(bench: &Bench, output: &str, more: &[&str]) -> Image {
    let mut arguments = vec![
        "predict",
        "--model=run/model",
        "--input=images/n000_d256b32a.png",
    ];
    let output_argument = format!("--output={output}");
    arguments.push(&output_argument);
    arguments.extend(more);
    succeed(bench, &arguments);
    read_image(bench.path().join(output).join("n000_d256b32a.tif")).unwrap()
}

#[test]
fn filters_before_the_network_work_part_by_part() {
    let bench = bench();
    train(
        &bench,
        &[
            "data.preprocess=[{gaussian: {sigma: [1.5]}}, {morphology: {operation: tophat, element: {width: 31, height: 31}}}, {gaussian_blur: {size: 5}}, percentile]",
        ],
    );
    let whole = predict(&bench, "whole", &["--tile=64"]);
    let parts = predict(&bench, "parts", &["--tile=64", "--memory=1MiB"]);
    assert_eq!(whole.pixels(), parts.pixels());
    let objects = whole
        .to_labels_zyx()
        .unwrap()
        .iter()
        .copied()
        .max()
        .unwrap();
    assert!(objects > 3, "{objects} objects");
    let whole = predict(&bench, "whole", &["--tile=64", "--probabilities"]);
    let parts = predict(
        &bench,
        "parts",
        &["--tile=64", "--memory=1MiB", "--probabilities"],
    );
    let [whole, parts] = [whole, parts].map(|image| image.to_czyx_f32().unwrap());
    let error = (whole - parts)
        .mapv(f32::abs)
        .fold(0.0, |a: f32, &b| a.max(b));
    assert!(error < 1e-5, "{error}");
}

#[test]
fn a_model_keeps_the_reference_of_its_histogram() {
    let bench = bench();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/nuclei2d/images");
    let reference = bench.path().join("reference.png");
    std::fs::copy(samples.join("n008_44ab6a09.png"), &reference).unwrap();
    std::fs::write(
        bench.path().join("run.yaml"),
        CONFIG.replace(
            "  patch:",
            "  preprocess: [{match_histogram: {reference: reference.png}}, min_max]\n  patch:",
        ),
    )
    .unwrap();
    train(&bench, &[]);
    std::fs::remove_file(&reference).unwrap();
    let model = std::fs::read_to_string(bench.path().join("run/model/model.yaml")).unwrap();
    assert!(model.contains("distributions"), "{model}");
    assert!(!model.contains("reference.png"), "{model}");
    let labels = predict(&bench, "out", &[]);
    assert_eq!(labels.axes().to_string(), "yx");

    insta::assert_snapshot!(bench.transcript(&["predict", "--model=run/model", "--input=images/n000_d256b32a.png", "--output=parts", "--memory=1MiB", "--tile=64"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `images/n000_d256b32a.png` is larger than the memory allows, and the step `match_histogram` needs it in one piece

    hint: allow more with `--memory`, crop the image with `coverslip convert --crop`, or leave the step out
    ");
    insta::assert_snapshot!(bench.transcript(&["train", "run.yaml", "--out", "other"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the `reference` of the step `match_histogram` cannot be used: `DIR/reference.png` does not exist

    hint: check the spelling of the path
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "run.yaml"]), @"
    exit 0
    ----- stdout
    run.yaml: no faults
      source      DIR/images
      target      DIR/masks
      kind        semantic, 2 classes
      framework   fcn
      network     unet
      loss        cross_entropy
      patch       32 x 32 pixels
      training    1 epochs of 2 steps of 4 patches
    ----- stderr
    warning: `DIR/reference.png` does not exist
    ");
}

#[test]
fn a_reference_of_other_channels_is_named() {
    let bench = bench();
    let colours = ArrayD::from_shape_fn(vec![3, 20, 20], |place| (place[0] + place[1]) as u8);
    save(&bench.path().join("colours.tif"), "cyx", colours.into());
    let refuse = |step: &str| {
        let preprocess = format!("data.preprocess=[{{match_histogram: {step}}}]");
        bench.transcript(&["train", "run.yaml", "--out", "run", "--set", &preprocess])
    };
    insta::assert_snapshot!(refuse("{reference: colours.tif}"), @"
    exit 2
    ----- stdout
    ----- stderr
    images: 3 to train on, 1 to validate on
    error: `DIR/images/n000_d256b32a.png` cannot be prepared: the number of channels is 1, expected 3 as in the reference of `match_histogram`, whose `channels` says which are used

    hint: change this setting
    ");
    insta::assert_snapshot!(refuse("{reference: colours.tif, channels: [3]}"), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `DIR/colours.tif`, the `reference` of the step `match_histogram`, has no channel 3

    hint: name channels from 0 to 2 in its `channels`
    ");
    insta::assert_snapshot!(refuse("{}"), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the step `match_histogram` has no `reference`

    hint: name an image: `{match_histogram: {reference: FILE}}`
    ");
    train(
        &bench,
        &["data.preprocess=[{match_histogram: {reference: colours.tif, channels: [1]}}]"],
    );
}

#[test]
fn stains_are_normalised_before_the_network() {
    let bench = bench();
    // Stained by nuclei, in varying amounts of the second stain.
    for entry in std::fs::read_dir(bench.path().join("images")).unwrap() {
        let path = entry.unwrap().path();
        let grey = read_image(&path).unwrap().to_czyx_f32().unwrap();
        let (_, _, height, width) = grey.dim();
        let stains = [[0.65, 0.07], [0.70, 0.99], [0.29, 0.11]];
        let colours = ArrayD::from_shape_fn(vec![3, height, width], |place| {
            let [first, second] = stains[place[0]];
            let dark = f64::from(grey[[0, 0, place[1], place[2]]]) / 60.0;
            let second = second * (0.3 + place[2] as f64 / width as f64);
            (240.0 * (-(first * dark + second)).exp()).round() as u8
        });
        std::fs::remove_file(&path).unwrap();
        save(&path.with_extension("tif"), "cyx", colours.into());
    }
    let white = ArrayD::from_elem(vec![3, 64, 64], 250_u8);
    save(&bench.path().join("white.tif"), "cyx", white.into());
    train(
        &bench,
        &["data.preprocess=[macenko, {rescale: {divide: 255}}]"],
    );
    let told = succeed(
        &bench,
        &[
            "predict",
            "--model=run/model",
            "--input",
            "images",
            "white.tif",
            "--output=out",
        ],
    );
    insta::assert_snapshot!(told, @"warning: `white.tif`: no two stains were found: `macenko` left the colours as they are");
    insta::assert_snapshot!(bench.transcript(&["train", "run.yaml", "--out", "other", "--quiet", "--set", "data.preprocess=[min_max, macenko]"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `DIR/images/n000_d256b32a.tif` cannot be prepared: a colour is 0.96428573, expected a whole number from 0 to 255: `macenko` is for 8-bit images, before other steps

    hint: change this setting
    ");
}

#[test]
fn predicted_intensities_become_objects() {
    let bench = bench();
    train(
        &bench,
        &[
            "data.train.target=images",
            "data.target_kind=image",
            "data.preprocess=[{rescale: {divide: 255}}]",
            "data.target_scale=source",
            "loss=[mse]",
            "predict.output=labels",
            "postprocess=[{threshold: {method: otsu}}, fill_holes, components, {remove_small: {min_size: 9}}, relabel]",
        ],
    );
    let labels = predict(&bench, "out", &[]).to_labels_zyx().unwrap();
    assert!(labels.iter().copied().max() > Some(0));
    let refuse = |overrides: &[&str]| {
        let mut arguments = vec![
            "check",
            "run.yaml",
            "--set=data.target_kind=image",
            "--set=loss=[mse]",
        ];
        arguments.extend(overrides);
        bench.transcript(&arguments)
    };
    insta::assert_snapshot!(refuse(&[]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x `postprocess` makes labels, but predictions of `data.target_kind` image are values
        ,-[run.yaml:10:14]
      9 | training: {epochs: 1, patches_per_epoch: 8, batch_size: 4, validation_patches: 2, sample_pictures: 1}
     10 | postprocess: [{threshold: {method: {cutoff: 0.4}}}, {components: {}}]
        :              ^
        `----
      hint: allowed: an empty list, or `predict.output: labels`
    ");
    insta::assert_snapshot!(refuse(&["--set=predict.output=labels", "--set=postprocess=[]"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x --set predict.output: `predict.output` is labels, but `data.target_kind` is image
      hint: allowed: values, or a `postprocess` that makes labels
    ");
    // An automatic threshold looks at the whole image.
    insta::assert_snapshot!(bench.transcript(&["predict", "--model=run/model", "--input=images/n000_d256b32a.png", "--output=parts", "--memory=1MiB", "--tile=64"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `images/n000_d256b32a.png` is larger than the memory allows, and the step `threshold` needs it in one piece

    hint: allow more with `--memory`, crop the image with `coverslip convert --crop`, or leave the step out
    ");
}

#[test]
fn seeds_grow_into_objects() {
    let bench = bench();
    train(
        &bench,
        &[
            "data.preprocess=[percentile]",
            "training.epochs=4",
            "training.patches_per_epoch=32",
            "optimizer.adam.learning_rate=0.02",
            "postprocess=[{watershed: {seeds: 0.6, mask: 0.4}}]",
        ],
    );
    let objects = predict(&bench, "out", &[]).to_labels_zyx().unwrap();
    succeed(
        &bench,
        &[
            "predict",
            "--model=run/model",
            "--input=images/n000_d256b32a.png",
            "--output=scores",
            "--probabilities",
        ],
    );
    let scores = read_image(bench.path().join("scores/n000_d256b32a.tif")).unwrap();
    let scores = scores.to_czyx_f32().unwrap();
    let sure = scores
        .slice(ndarray::s![1, .., .., ..])
        .mapv(|score| score > 0.6);
    let (mut inside, mut seeds) = (0, 0);
    for (place, &label) in objects.indexed_iter() {
        let [z, y, x] = [place.0, place.1, place.2];
        if label > 0 {
            assert!(scores[[1, z, y, x]] > 0.4);
            inside += 1;
        }
        if sure[place] {
            assert!(label > 0);
            seeds += 1;
        }
    }
    assert!(inside > seeds, "{inside} pixels of {seeds} of seeds");
}

#[test]
fn patches_are_drawn_where_they_are_wanted() {
    let bench = bench();
    let steps = "data.preprocess=[percentile]";
    train(
        &bench,
        &[
            steps,
            "data.patch.sampling=balanced",
            "data.patch.foreground=1",
        ],
    );
    let balanced = std::fs::read(bench.path().join("run/model/weights.safetensors")).unwrap();
    std::fs::remove_dir_all(bench.path().join("run")).unwrap();
    // Class maps as weights: pixels of nuclei only.
    train(
        &bench,
        &[
            steps,
            "data.patch.sampling=weighted",
            "data.train.weight=masks",
        ],
    );
    let weighted = std::fs::read(bench.path().join("run/model/weights.safetensors")).unwrap();
    assert_ne!(balanced, weighted);
    let refuse = |overrides: &[&str]| {
        let mut arguments = vec!["check", "run.yaml", "--set=postprocess=[]"];
        arguments.extend(overrides);
        bench.transcript(&arguments)
    };
    insta::assert_snapshot!(refuse(&["--set=data.patch.sampling=weighted"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x --set data.patch.sampling: `data.patch.sampling` is weighted, but pixels have no weights
      hint: allowed: uniform; or a folder of weights, `data.train.weight`
    ");
    insta::assert_snapshot!(refuse(&["--set=data.patch.sampling=balanced", "--set=data.target_kind=image", "--set=loss=[mse]"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x --set data.patch.sampling: `data.patch.sampling` is balanced, but targets of `data.target_kind` image have no objects
      hint: allowed: uniform, weighted
    ");
}
