//! Runs that are stopped from outside.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use coverslip::train::trainer::Checkpoints;

use crate::command::PROGRAM;
use crate::study::{Study, without_numbers};

/// A training that has more epochs than any test waits for.
struct Running {
    child: Child,
    said: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Running {
    /// Starts a training, new or resumed, and waits for the end of an epoch.
    fn start(study: &Study, resume: bool) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .args(["train", "run.yaml", "--set", "training.epochs=100000"])
            .current_dir(study.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if resume {
            command.arg("--resume");
        }
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self {
            child,
            said: String::new(),
            stderr,
        };
        while !running.said.contains("\nepoch ") {
            let read = running.stderr.read_line(&mut running.said).unwrap();
            assert!(read > 0, "{}", running.said);
        }
        running
    }

    /// Sends a signal, waits for the end, and gives the exit code, where there is one, and what
    /// was said besides the epochs.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        self.stderr.read_to_string(&mut self.said).unwrap();
        let code = self.child.wait().unwrap().code();
        let lines = without_numbers(&self.said);
        let kept: Vec<&str> = lines
            .lines()
            .filter(|line| !line.starts_with("epoch "))
            .collect();
        (code, kept.join("\n"))
    }
}

/// The number of epochs in the log, which must be whole.
fn logged(study: &Study) -> usize {
    if !study.path("run/log.jsonl").exists() {
        return 0;
    }
    let log = String::from_utf8(study.read("run/log.jsonl")).unwrap();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.count()
}

/// The number of epochs that the last checkpoint has behind it.
fn saved(study: &Study) -> usize {
    let checkpoints = Checkpoints::new(&study.path("run/checkpoints"));
    assert!(!checkpoints.load_best().unwrap().is_empty());
    checkpoints.load_last().unwrap().1.epoch
}

/// Resumes to two epochs more than there are.
fn complete(study: &Study) {
    let wanted = saved(study) + 2;
    let change = format!("training.epochs={wanted}");
    let outcome = study.run(&["train", "run.yaml", "--set", &change, "--resume", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.json()["epochs"], serde_json::json!(wanted));
    assert_eq!(logged(study), wanted);
    let predict = [
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        "out",
    ];
    assert_eq!(study.run(&predict).code, 0);
    assert_eq!(study.list("out"), ["a.tif", "b.tif", "c.tif"]);
}

#[test]
fn ctrl_c_saves_and_the_run_can_be_resumed() {
    let study = Study::new();
    let (code, said) = Running::start(&study, false).end("INT");
    assert_eq!(code, Some(130));
    insta::assert_snapshot!(said, @"
    images: 2 to train on, 1 to validate on
    error: interrupted; what was done is saved

    hint: go on with `coverslip train run.yaml --set 'training.epochs=100000' --out 'run' --resume`
    ");
    assert_eq!(
        study.list("run"),
        ["checkpoints", "config.yaml", "curves.svg", "log.jsonl"]
    );
    complete(&study);
}

#[test]
fn a_killed_run_leaves_whole_files_and_can_be_resumed() {
    let study = Study::new();
    for round in 0..4 {
        let running = Running::start(&study, round > 0);
        std::thread::sleep(std::time::Duration::from_millis(7 * round));
        let (code, _) = running.end("KILL");
        assert_eq!(code, None);
        // The checkpoint comes before the log, and the log before the curves.
        let (saved, logged) = (saved(&study), logged(&study));
        assert!(
            saved > round as usize && saved - logged <= 1,
            "{saved} {logged}"
        );
        if study.path("run/curves.svg").exists() {
            let curves = study.read("run/curves.svg");
            assert!(curves.trim_ascii_end().ends_with(b"</svg>"));
        }
        assert_eq!(study.run(&["check", "run/config.yaml"]).code, 0);
    }
    complete(&study);
}

#[test]
fn a_stopped_run_tells_programs_in_one_object() {
    let study = Study::new();
    let script = "\"$0\" train run.yaml --json --set training.epochs=100000 2>notes &\n\
                  until grep -q '^epoch ' notes; do sleep 0.02; done; kill -INT $!; wait $!";
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(PROGRAM)
        .current_dir(study.path("."))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["ending"], serde_json::json!("interrupted"));
    assert_eq!(said["code"], serde_json::json!(130));
    assert!(said["epochs"].as_u64().unwrap() >= 1);
}
