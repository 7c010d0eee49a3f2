//! Configs that `train` refuses before it does anything.

use crate::study::Study;

#[test]
fn three_faults_at_once() {
    let study = Study::new();
    study.edit("run.yaml", "depth: 1", "depth: one");
    study.edit("run.yaml", "loss: [cross_entropy]", "loss: [cross_entrpy]");
    study.edit("run.yaml", "epochs: 2", "epochs: 0");
    insta::assert_snapshot!(study.fault(&["train", "run.yaml"]), @"");
    assert!(!study.path("run").exists());
}

#[test]
fn a_network_too_deep_for_the_patch() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--set", "network.unet.depth=6"]),
        @""
    );
    assert!(!study.path("run").exists());
}

#[test]
fn a_preset_without_its_folders() {
    let study = Study::new();
    insta::assert_snapshot!(study.fault(&["train", "nuclei-2d", "--set", "data.train.source=no"]), @"");
}

#[test]
fn a_loss_that_is_no_longer_finite() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&[
            "train", "run.yaml", "--set", "optimizer.adam.learning_rate=1e30",
            "--set", "network.unet.norm=none", "--set", "training.epochs=20",
        ]),
        @""
    );
    // Nothing half-trained looks like a result.
    assert!(!study.path("run/model").exists());
}
