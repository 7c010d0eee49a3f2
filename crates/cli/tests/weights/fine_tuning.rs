//! Training that starts from weights there are.

use crate::study::{Study, without_numbers};

/// A study with the finished run `run`, and the config of a second one.
fn study(more: &str) -> Study {
    let study = Study::trained();
    let config = String::from_utf8(study.read("run.yaml")).unwrap();
    study.write("second.yaml", format!("{config}{more}"));
    study
}

fn train(study: &Study, changes: &[&str]) -> String {
    let mut arguments = vec!["train", "second.yaml", "--out", "second"];
    for change in changes {
        arguments.extend(["--set", change]);
    }
    let outcome = study.run(&arguments);
    format!(
        "exit {}\n{}",
        outcome.code,
        without_numbers(&outcome.stderr)
    )
}

#[test]
fn every_tensor_is_told_of() {
    let study = study("initial_weights: {from: run/model}\nfreeze: ['inc.*', outc.conv.bias]\n");
    // Another class: the head has another shape. Another level: some tensors are new.
    let said = train(
        &study,
        &[
            "data.classes=3",
            "network.unet.depth=2",
            "training.epochs=1",
        ],
    );
    insta::assert_snapshot!(said, @"");
    let model = String::from_utf8(study.read("second/model/model.yaml")).unwrap();
    assert!(
        model.contains("  started_from:\n    file: model\n    sha256: "),
        "{model}"
    );
}

#[test]
fn weights_that_cannot_be_started_from() {
    let study = study("initial_weights: {from: run/model}\n");
    let said = [
        "initial_weights.from=run",
        "initial_weights.from=nothing.pth",
        "initial_weights.from=run.yaml",
        "initial_weights.strip=decoder.",
        "network=fnet",
        "initial_weights={}",
        "initial_weights.form=run",
    ]
    .map(|change| train(&study, &[change]));
    insta::assert_snapshot!(said.join("\n"), @"");
    assert!(!study.path("second").exists());
}

#[test]
fn patterns_that_freeze_nothing_or_all() {
    let study = study("");
    let said = [
        "freeze=['inc.*', 'dwon1.*']",
        "freeze=['encoder*']",
        "freeze=['*']",
        "freeze='inc.*'",
    ]
    .map(|change| train(&study, &[change]));
    insta::assert_snapshot!(said.join("\n"), @"");
    assert!(!study.path("second").exists());
}
