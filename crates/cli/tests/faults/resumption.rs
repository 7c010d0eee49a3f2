//! Runs that cannot be resumed.

use crate::study::Study;

const RESUME: [&str; 3] = ["train", "run.yaml", "--resume"];

#[test]
fn nothing_to_resume() {
    let study = Study::new();
    insta::assert_snapshot!(study.fault(&RESUME), @"");
    assert!(!study.path("run").exists());
    study.folder("run");
    insta::assert_snapshot!(study.fault(&RESUME), @"");
    assert_eq!(study.list("run"), [""; 0]);
}

#[test]
fn other_settings() {
    let study = Study::trained();
    let before = study.contents("run");
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--resume", "--set", "seed=3", "--set", "network.unet.base=8"]),
        @""
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
    insta::assert_snapshot!(study.fault(&RESUME), @"");
    study.write(path, "");
    insta::assert_snapshot!(study.fault(&RESUME), @"");
    study.write(path, study.read("run/checkpoints/best.safetensors"));
    insta::assert_snapshot!(study.fault(&RESUME), @"");
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
    insta::assert_snapshot!(study.fault(&RESUME), @"");
}

#[test]
fn a_missing_best_checkpoint() {
    let study = Study::trained();
    study.remove("run/checkpoints/best.safetensors");
    insta::assert_snapshot!(study.fault(&RESUME), @"");
}

#[test]
fn a_damaged_config_of_the_run() {
    let study = Study::trained();
    study.write("run/config.yaml", "data: [");
    insta::assert_snapshot!(study.fault(&RESUME), @"");
}

#[test]
fn a_finished_run_resumes_to_the_same_model() {
    let study = Study::trained();
    let before = study.contents("run");
    insta::assert_snapshot!(study.fault(&RESUME), @"");
    let names = |files: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<_> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    let after = study.contents("run");
    assert_eq!(names(&after), names(&before));
    for ((path, old), (_, new)) in before.iter().zip(&after) {
        // The description says when training ended.
        assert!(old == new || path.ends_with("model.yaml"), "{}", path.display());
    }
}
