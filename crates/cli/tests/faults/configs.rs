//! Configs that `train` refuses before it does anything.

use crate::study::Study;

#[test]
fn three_faults_at_once() {
    let study = Study::new();
    study.edit("run.yaml", "depth: 1", "depth: one");
    study.edit("run.yaml", "loss: [cross_entropy]", "loss: [cross_entrpy]");
    study.edit("run.yaml", "epochs: 2", "epochs: 0");
    insta::assert_snapshot!(study.fault(&["train", "run.yaml"]), @"
    exit 2
    error: the config has 3 faults

      x `network.unet.depth` is the text `one`
       ,-[run.yaml:8:26]
     7 | network:
     8 |   unet: {base: 4, depth: one}
       :                          ^^^
     9 | loss: [cross_entrpy]
       `----
      hint: allowed: a whole number from 1 to 8

      x unknown loss `cross_entrpy`
        ,-[run.yaml:9:8]
      8 |   unet: {base: 4, depth: one}
      9 | loss: [cross_entrpy]
        :        ^^^^^^^^^^^^
     10 | training: {epochs: 0, patches_per_epoch: 4, batch_size: 2, validation_patches: 2, sample_pictures: 1}
        `----
      hint: did you mean `cross_entropy`? allowed: LOSSES

      x `training.epochs` is 0
        ,-[run.yaml:10:20]
      9 | loss: [cross_entrpy]
     10 | training: {epochs: 0, patches_per_epoch: 4, batch_size: 2, validation_patches: 2, sample_pictures: 1}
        :                    ^
     11 | postprocess: [argmax]
        `----
      hint: allowed: a whole number from 1 to 1000000
    ");
    assert!(!study.path("run").exists());
}

#[test]
fn a_network_too_deep_for_the_patch() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--set", "network.unet.depth=6"]),
        @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: the network cannot compute patches of [16, 16]; it takes [1, 64, 64] (z, y, x) and larger

    hint: set `data.patch.size` to [64, 64], or give the network fewer levels
    "
    );
    assert!(!study.path("run").exists());
}

#[test]
fn a_preset_without_its_folders() {
    let study = Study::new();
    insta::assert_snapshot!(study.fault(&["train", "nuclei-2d", "--set", "data.train.source=no"]), @"
    exit 2
    error: `DIR/no` does not exist

    hint: check the spelling of the path; relative paths start at the folder of the config file
    ");
}

#[test]
fn a_loss_that_is_no_longer_finite() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&[
            "train", "run.yaml", "--set", "optimizer.adam.learning_rate=1e30",
            "--set", "network.unet.norm=none", "--set", "training.epochs=20",
        ]),
        @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: the loss is no longer a finite number at epoch 1, step 2

    hint: lower the learning rate, e.g. `--set optimizer.adam.learning_rate=0.0003`, and check that the images are normalised
    "
    );
    // Nothing half-trained looks like a result.
    assert!(!study.path("run/model").exists());
}

#[test]
fn a_network_too_large_for_any_memory() {
    let study = Study::new();
    let wide = [
        "train",
        "run.yaml",
        "--set",
        "network.unet.base=1024",
        "--set",
    ];
    let outcome = study.fault(&[&wide[..], &["network.unet.depth=4"]].concat());
    insta::assert_snapshot!(outcome, @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: network option `*`: widths, kernels, levels and channels together make about 8e9 weights; at most 1e9 are possible

    hint: change the option; `coverslip networks NAME` describes those of a network
    ");
    assert!(!study.path("run").exists());
}
