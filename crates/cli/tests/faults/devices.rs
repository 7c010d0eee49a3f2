//! Devices that the program or the machine does not have.

use crate::study::Study;

/// Arguments that name the device `cuda`, after those of a command.
const TRAIN: [&str; 4] = ["train", "run.yaml", "--set", "device=cuda"];

#[test]
fn a_word_that_is_no_device() {
    let study = Study::new();
    insta::assert_snapshot!(study.fault(&["train", "run.yaml", "--set", "device=gpu"]), @"
    exit 2
    error: the config has 1 fault

      x --set device: `device` is the text `gpu`
      hint: did you mean `cpu`? allowed: cpu, cuda, rocm, wgpu
    ");
    assert!(!study.path("run").exists());
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_device_that_the_program_was_built_without() {
    let study = Study::trained();
    insta::assert_snapshot!(study.fault(&[&TRAIN[..], &["--out", "second"]].concat()), @"
    exit 2
    error: this program was built without the device `cuda`

    hint: build it with `cargo build --release -p coverslip-cli --features cuda`, or choose another device; `coverslip doctor` lists those of this program
    ");
    assert!(!study.path("second").exists());
    let predict = [
        "predict",
        "--model",
        "run/model",
        "--input",
        "images",
        "--output",
        "out",
    ];
    insta::assert_snapshot!(study.fault(&[&predict[..], &["--device", "cuda"]].concat()), @"
    exit 2
    error: this program was built without the device `cuda`

    hint: build it with `cargo build --release -p coverslip-cli --features cuda`, or choose another device; `coverslip doctor` lists those of this program
    ");
    assert!(!study.path("out").exists());
}

/// Where there is such a card after all, the command does its work.
#[test]
#[cfg(feature = "cuda")]
fn a_device_that_the_machine_does_not_have() {
    let study = Study::new();
    let found = coverslip::base::devices::DeviceKind::Cuda.count();
    if found == Some(0) {
        let fault = study.fault(&TRAIN);
        assert!(fault.starts_with("exit 2\n"), "{fault}");
        assert!(fault.contains("has no device for `cuda`"), "{fault}");
        assert!(fault.contains("or choose the device `cpu`"), "{fault}");
    }
}

#[test]
fn checking_a_config_for_another_machine_is_no_fault() {
    let study = Study::new();
    let fault = study.fault(&["check", "run.yaml", "--set", "device=rocm"]);
    assert!(fault.starts_with("exit 0\n"), "{fault}");
    assert!(fault.contains("warning: this "), "{fault}");
}
