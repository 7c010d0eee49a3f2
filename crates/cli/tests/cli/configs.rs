//! The commands around configs: presets, init, check, schema.

use serde_json::json;

use crate::command::Bench;

const RUN: &str = "\
data:
  train: {source: images, target: masks}
  target_kind: semantic
network: unet
loss: [cross_entropy, dice]
";

#[test]
fn presets_are_listed() {
    insta::assert_snapshot!(Bench::new().transcript(&["presets"]), @"
    exit 0
    ----- stdout
    nuclei-2d        Find nuclei in 2D fluorescence images: one label for each nucleus.
    regression       Turn one kind of image into another: denoise, restore, predict a stain.
    self-denoise-2d  Remove noise with nothing but noisy images: no clean ones are needed (Noise2Void).
    demo             A small run of `nuclei-2d` on the sample images, made to end within minutes on a laptop.
    ----- stderr
    ");
    let names = Bench::new().run(&["presets", "--json"]).json();
    assert_eq!(names["presets"][0]["name"], json!("nuclei-2d"));
}

#[test]
fn init_writes_a_config_that_check_accepts() {
    for preset in ["nuclei-2d", "regression", "demo"] {
        let bench = Bench::new();
        assert_eq!(bench.run(&["init", preset, "-o", "run.yaml"]).code, 0);
        assert_eq!(bench.run(&["check", "run.yaml"]).code, 0, "{preset}");
    }
}

#[test]
fn init_prints_without_a_file_and_never_replaces_one_unasked() {
    let bench = Bench::new();
    let printed = bench.run(&["init", "demo"]).stdout;
    assert!(
        printed.starts_with("# A small run of `nuclei-2d`"),
        "{printed}"
    );

    bench.write("run.yaml", "mine");
    insta::assert_snapshot!(bench.transcript(&["init", "demo", "-o", "run.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `run.yaml` exists already

    hint: choose another name, or replace the file with `--force`
    ");
    assert_eq!(
        std::fs::read_to_string(bench.path().join("run.yaml")).unwrap(),
        "mine"
    );
    insta::assert_snapshot!(bench.transcript(&["init", "demo", "-o", "run.yaml", "--force"]), @"
    exit 0
    ----- stdout
    ----- stderr
    wrote `run.yaml`

    set the two folders under `data: train:`, then run `coverslip check run.yaml`
    ");
    assert_eq!(
        std::fs::read_to_string(bench.path().join("run.yaml")).unwrap(),
        printed
    );
    insta::assert_snapshot!(bench.transcript(&["init", "demo", "-o", "no/such/run.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: cannot write `no/such/run.yaml`: no such folder

    hint: create the folder `no/such` first, or check the spelling of the path
    ");
}

#[test]
fn unknown_presets_are_refused() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.transcript(&["init", "nuclei2d"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: no preset is named `nuclei2d`

    hint: did you mean `nuclei-2d`? `coverslip presets` lists them all
    ");
    insta::assert_snapshot!(bench.transcript(&["init", "cells"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: no preset is named `cells`

    hint: `coverslip presets` lists them all
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "nuclei-2"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `nuclei-2` is neither a preset nor a file

    hint: did you mean the preset `nuclei-2d`?
    ");
}

#[test]
fn check_says_what_a_good_config_does() {
    let bench = Bench::new();
    bench.write("run.yaml", RUN);
    std::fs::create_dir(bench.path().join("images")).unwrap();
    let arguments = ["check", "run.yaml", "--set", "training.epochs=3"];
    insta::assert_snapshot!(bench.transcript(&arguments), @"
    exit 0
    ----- stdout
    run.yaml: no faults
      source      DIR/images
      target      DIR/masks
      kind        semantic, 2 classes
      framework   fcn
      network     unet
      loss        cross_entropy + dice
      patch       256 x 256 pixels
      training    3 epochs of 128 steps of 4 patches
    ----- stderr
    warning: `DIR/masks` does not exist
    ");
    let json = bench
        .run(&["check", "run.yaml", "--json", "--quiet"])
        .json();
    assert_eq!(json["faults"], json!(0));
    assert_eq!(json["missing_paths"], json!(["DIR/masks"]));
    assert_eq!(json["settings"]["training"]["epochs"], json!(40));
}

#[test]
fn check_resolves_a_config_that_it_accepts_again() {
    let bench = Bench::new();
    bench.write("run.yaml", RUN);
    let resolved = bench.run(&["check", "run.yaml", "--resolved"]).stdout;
    assert!(
        resolved.contains("\n  train:\n    source: DIR/images\n"),
        "{resolved}"
    );
    bench.write("resolved.yaml", &resolved);
    assert_eq!(bench.run(&["check", "resolved.yaml", "--resolved"]).code, 0);
}

#[test]
fn every_fault_is_shown_with_its_place() {
    let bench = Bench::new();
    bench.write(
        "run.yaml",
        "\
data:
  train: {source: images, target: masks}
  target_kind: semantic
network:
  unett: {depth: 3}
loss: [dice]
trainig: {epochs: 3}
predict:
  overlap: 1.5
",
    );
    insta::assert_snapshot!(bench.transcript(&["check", "run.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 3 faults

      x unknown network `unett`
       ,-[run.yaml:5:3]
     4 | network:
     5 |   unett: {depth: 3}
       :   ^^^^^
     6 | loss: [dice]
       `----
      hint: did you mean `unet`? allowed: NETWORKS

      x unknown key `trainig`
       ,-[run.yaml:7:1]
     6 | loss: [dice]
     7 | trainig: {epochs: 3}
       : ^^^^^^^
     8 | predict:
       `----
      hint: did you mean `training`? allowed: framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess

      x `predict.overlap` is 1.5
       ,-[run.yaml:9:12]
     8 | predict:
     9 |   overlap: 1.5
       :            ^^^
       `----
      hint: allowed: a number from 0 to below 1
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "run.yaml", "--json"]), @r#"
    exit 2
    ----- stdout
    {"error":"the config has 3 faults","hint":null,"code":2,"faults":[{"file":"run.yaml","line":5,"column":3,"key":"network","problem":"unknown network `unett`","allowed":"NETWORKS","did_you_mean":"unet"},{"file":"run.yaml","line":7,"column":1,"key":"trainig","problem":"unknown key `trainig`","allowed":"framework, seed, exact_conv, device, data, network, initial_weights, freeze, loss, optimizer, schedule, training, predict, postprocess","did_you_mean":"training"},{"file":"run.yaml","line":9,"column":12,"key":"predict.overlap","problem":"`predict.overlap` is 1.5","allowed":"a number from 0 to below 1"}]}
    ----- stderr
    "#);
}

#[test]
fn faults_of_overrides_are_shown_by_their_key() {
    let bench = Bench::new();
    bench.write("run.yaml", RUN);
    let arguments = [
        "check",
        "run.yaml",
        "--set",
        "training.epochs=0",
        "--set",
        "loss[5]=dice",
        "--set",
        "network=fnot",
    ];
    insta::assert_snapshot!(bench.transcript(&arguments), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 3 faults

      x --set loss[5]: `loss` has 2 items, numbered from 0
      hint: allowed: `loss[2]` to add one

      x --set network: unknown network `fnot`
      hint: did you mean `fnet`? allowed: NETWORKS

      x --set training.epochs: `training.epochs` is 0
      hint: allowed: a whole number from 1 to 1000000
    ");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let bench = Bench::new();
    bench.write("broken.yaml", "data:\n\ttrain: 1\n");
    bench.write("empty.yaml", "");
    insta::assert_snapshot!(bench.transcript(&["check", "none.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `none.yaml` is neither a preset nor a file

    hint: give a config file (`coverslip init` writes one) or a preset: nuclei-2d, regression, self-denoise-2d, demo
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "."]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `.` is a folder, not a config file

    hint: name the YAML file in it
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "broken.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x a tab is used as indentation
       ,-[broken.yaml:2:2]
     1 | data:
     2 |     train: 1
       :     ^
       `----
      hint: allowed: spaces
    ");
    insta::assert_snapshot!(bench.transcript(&["check", "empty.yaml"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x the config is empty
       ,-[empty.yaml:1:1]
       `----
      hint: allowed: settings as `key: value` lines
    ");
}

#[test]
fn schema_is_json_that_names_the_entries() {
    let bench = Bench::new();
    let text = bench.run(&["schema"]).stdout;
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema, bench.run(&["schema", "--json"]).json());
    assert!(text.starts_with("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\""));
    let registry = coverslip::registry::Registry::builtin().unwrap();
    for kind in coverslip::names::Kind::ALL {
        let named = &schema["$defs"][kind.word()]["anyOf"][0]["enum"];
        let names: Vec<&str> = registry
            .descriptions(kind)
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(named, &json!(names), "{kind}");
    }
}
