//! Runs that cannot be resumed.

use crate::study::Study;

const RESUME: [&str; 3] = ["train", "run.yaml", "--resume"];

#[test]
fn nothing_to_resume() {
    let study = Study::new();
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    error: `run` holds no run that could be resumed

    hint: leave out `--resume` to start a new run
    ");
    assert!(!study.path("run").exists());
    study.folder("run");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    error: `run` holds no run that could be resumed

    hint: leave out `--resume` to start a new run
    ");
    assert_eq!(study.list("run"), [""; 0]);
}

#[test]
fn other_settings() {
    let study = Study::trained();
    let before = study.contents("run");
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--resume", "--set", "seed=3", "--set", "network.unet.base=8"]),
        @"
    exit 2
    error: `run` was started with other settings; these differ: seed, network.unet.base

    hint: resume with the run's own `config.yaml` (only `training.epochs` and `device` may differ), or start a new run in another folder
    "
    );
    assert_eq!(study.contents("run"), before);
}

#[test]
fn a_damaged_checkpoint() {
    let study = Study::trained();
    let path = "run/checkpoints/last.safetensors";
    let whole = study.read(path);
    study.truncate(path, whole.len() / 2);
    let before = study.contents("run");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `run/checkpoints` cannot be continued from: `run/checkpoints/last.safetensors` is not a usable safetensors file: it is cut off or damaged (incomplete metadata, file not fully covered)

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
    study.write(path, "");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `run/checkpoints` cannot be continued from: `run/checkpoints/last.safetensors` is not a usable safetensors file: it is cut off or damaged (header too small)

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
    study.write(path, study.read("run/checkpoints/best.safetensors"));
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `run/checkpoints/last.safetensors` cannot be continued from: it holds no progress

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
    study.write(path, &whole[..whole.len() / 2]);
    assert_eq!(study.contents("run"), before);
}

#[test]
fn a_checkpoint_of_another_network() {
    let study = Study::trained();
    let arguments = ["train", "run.yaml", "--out", "other", "--quiet"];
    let wider = ["--set", "network.unet.base=8"];
    assert_eq!(study.run(&[&arguments[..], &wider].concat()).code, 0);
    study.write(
        "run/checkpoints/last.safetensors",
        study.read("other/checkpoints/last.safetensors"),
    );
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `run/checkpoints` cannot be continued from: the weights do not fit the network: misshapen inc.double_conv.0.weight is [8, 1, 3, 3] where the network has [4, 1, 3, 3], inc.double_conv.1.weight is [8] where the network has [4], inc.double_conv.1.bias is [8] where the network has [4], inc.double_conv.1.running_mean is [8] where the network has [4], inc.double_conv.1.running_var is [8] where the network has [4], inc.double_conv.3.weight is [8, 8, 3, 3] where the network has [4, 4, 3, 3], inc.double_conv.4.weight is [8] where the network has [4], inc.double_conv.4.bias is [8] where the network has [4] and 25 more

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
}

#[test]
fn a_missing_best_checkpoint() {
    let study = Study::trained();
    study.remove("run/checkpoints/best.safetensors");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `run/checkpoints` cannot be continued from: `run/checkpoints/best.safetensors` does not exist

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
}

#[test]
fn a_damaged_config_of_the_run() {
    let study = Study::trained();
    study.write("run/config.yaml", "data: [");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 2
    error: `run/config.yaml` cannot be continued from: config.yaml:2:1: the text is not valid YAML: while parsing a node, did not find expected node content

    hint: restore the file if you have a copy, or start a new run in another folder
    ");
}

#[test]
fn a_finished_run_resumes_to_the_same_model() {
    let study = Study::trained();
    let before = study.contents("run");
    insta::assert_snapshot!(study.fault(&RESUME), @"
    exit 0
    images: 2 to train on, 1 to validate on
    ");
    let names = |files: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<_> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    let after = study.contents("run");
    assert_eq!(names(&after), names(&before));
    for ((path, old), (_, new)) in before.iter().zip(&after) {
        // The description says when training ended.
        assert!(
            old == new || path.ends_with("model.yaml"),
            "{}",
            path.display()
        );
    }
}
