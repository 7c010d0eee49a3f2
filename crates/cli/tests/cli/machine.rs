//! The commands about files and the machine, and what holds for all commands.

use coverslip_image::{Axes, Image, PixelSize, Pixels, write_image};
use ndarray::ArrayD;
use serde_json::json;

use crate::command::Bench;

/// A folder with a stack that knows its pixel size and an RGB picture.
fn bench_with_images() -> Bench {
    let bench = Bench::new();
    let size = PixelSize {
        z: Some(0.5),
        y: Some(0.1),
        x: Some(0.1),
    };
    let stack = Pixels::U16(ArrayD::zeros(vec![3, 4, 5]));
    let stack = Image::new(stack, "zyx".parse::<Axes>().unwrap()).unwrap();
    write_image(bench.path().join("stack.tif"), &stack.with_pixel_size(size)).unwrap();
    let picture = Pixels::U8(ArrayD::zeros(vec![3, 7, 6]));
    let picture = Image::new(picture, "cyx".parse::<Axes>().unwrap()).unwrap();
    write_image(bench.path().join("picture.png"), &picture).unwrap();
    bench
}

#[test]
fn info_describes_images() {
    let bench = bench_with_images();
    insta::assert_snapshot!(bench.transcript(&["info", "stack.tif", "picture.png"]), @"
    exit 0
    ----- stdout
    stack.tif
      format      TIFF (3 pages, compression deflate)
      size        z 3, y 4, x 5
      type        uint16
      pixel size  z 0.5 µm, y 0.1 µm, x 0.1 µm
      in memory   120 bytes
    picture.png
      format      PNG (1 page, compression deflate)
      size        c 3, y 7, x 6
      type        uint8
      pixel size  unknown
      channels    red, green, blue
      in memory   126 bytes
    ----- stderr
    ");
    insta::assert_snapshot!(bench.transcript(&["info", "stack.tif", "--json"]), @r#"
    exit 0
    ----- stdout
    {"files":[{"path":"stack.tif","format":"TIFF","axes":"zyx","shape":[3,4,5],"dtype":"uint16","pixel_size":{"z":0.5,"y":0.1,"x":0.1},"channel_names":[],"compression":"deflate","pages":3,"bytes":120}],"failed":[]}
    ----- stderr
    "#);
}

#[test]
fn info_goes_on_after_a_file_that_it_cannot_read() {
    let bench = bench_with_images();
    bench.write("text.tif", "hello world");
    insta::assert_snapshot!(bench.transcript(&["info", "text.tif", "stack.tif", "no.png"]), @r#"
    exit 2
    ----- stdout
    stack.tif
      format      TIFF (3 pages, compression deflate)
      size        z 3, y 4, x 5
      type        uint16
      pixel size  z 0.5 µm, y 0.1 µm, x 0.1 µm
      in memory   120 bytes
    ----- stderr
    error: `text.tif` is not a TIFF file: it starts with "hello w"

    hint: save the image as TIFF or PNG again; renaming a file does not convert it

    error: `no.png` does not exist

    hint: check the spelling of the path

    error: 2 of 3 files cannot be read
    "#);
    insta::assert_snapshot!(bench.transcript(&["info", "text.tif"]), @r#"
    exit 2
    ----- stdout
    ----- stderr
    error: `text.tif` is not a TIFF file: it starts with "hello w"

    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    "#);
    let outcome = bench.run(&["info", "text.tif", "stack.tif", "--json"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(outcome.stdout.lines().count(), 1);
    let json = outcome.json();
    assert_eq!(json["files"][0]["shape"], json!([3, 4, 5]));
    assert_eq!(json["failed"][0]["path"], json!("text.tif"));
    assert_eq!(json["error"], json!("1 of 2 files cannot be read"));
}

#[test]
fn doctor_reports_the_machine() {
    let bench = Bench::new();
    let json = bench.run(&["doctor", "--json", "--threads", "3"]).json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "version",
            "system",
            "cores",
            "threads",
            "cpu_features",
            "memory_bytes",
            "memory_available_bytes",
            "devices"
        ]
    );
    assert_eq!(json["threads"], json!(3));
    assert!(json["memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(json["devices"][0], json!({"kind": "cpu", "found": 1}));
    let text = bench.run(&["doctor"]).stdout;
    assert!(text.contains("\ndevice        cpu, 1 found"), "{text}");
}

#[test]
fn wrong_arguments_are_explained() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.transcript(&["schemas"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: unrecognized subcommand 'schemas'

      tip: a similar subcommand exists: 'schema'

    Usage: coverslip [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(bench.transcript(&["doctor", "--threads", "none"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: invalid value 'none' for '--threads <N>': expected a whole number from 1 to 1024

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(bench.transcript(&["info", "--json"]), @r#"
    exit 2
    ----- stdout
    {"error":"the following required arguments were not provided: <FILE>...","hint":"`coverslip help` shows the commands and their options","code":2}
    ----- stderr
    "#);
}

#[test]
fn help_has_an_example() {
    insta::assert_snapshot!(Bench::new().transcript(&["check", "--help"]), @"
    exit 0
    ----- stdout
    Check a config and report everything that is wrong with it

    Usage: coverslip check [OPTIONS] <CONFIG_OR_PRESET>

    Arguments:
      <CONFIG_OR_PRESET>  A config file, or the name of a preset

    Options:
          --set <KEY=VALUE>  Change one setting, as in training.epochs=3 or loss[0].dice.weight=2; may
                             be repeated
          --resolved         Print the config with every default written out
      -q, --quiet            Print results and errors only, no progress and no remarks
          --json             Print the result as one JSON object, the last line on standard output
          --threads <N>      Threads for all parallel work; left out, every core is used [env:
                             COVERSLIP_THREADS]
      -h, --help             Print help

    Example:
      coverslip check nuclei.yaml --set training.epochs=3
    ----- stderr
    ");
}

#[test]
fn no_colour_without_a_terminal() {
    let bench = Bench::new();
    bench.write("run.yaml", "seed: x\n");
    let outcome = bench.run(&["check", "run.yaml"]);
    assert!(!outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
}

#[test]
fn bench_measures_the_cases_asked_for() {
    let bench = Bench::new();
    let arguments = ["bench", "--case", "training-preset", "--runs", "2"];
    let json = bench.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!(json["cases"].as_array().unwrap().len(), 1);
    assert_eq!(json["cases"][0]["seconds"].as_array().unwrap().len(), 2);
    assert!(json["cases"][0]["best_s"].as_f64().unwrap() > 0.0);
    assert_eq!(json["train_step_s"], json!(null));
    let text = bench.run(&arguments).stdout;
    assert!(
        text.contains("nuclei-2d") && text.contains(" images/s"),
        "{text}"
    );
    let outcome = bench.run(&["bench", "--case", "trainig"]);
    assert!(
        outcome.stderr.contains("[possible values: training, "),
        "{}",
        outcome.stderr
    );
}
