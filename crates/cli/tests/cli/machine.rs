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
      blocks      z 1, y 4, x 5
      in memory   120 bytes
    picture.png
      format      PNG (1 page, compression deflate)
      size        c 3, y 7, x 6
      type        uint8
      pixel size  unknown
      channels    red, green, blue
      blocks      c 3, y 1, x 6
      in memory   126 bytes
    ----- stderr
    ");
    insta::assert_snapshot!(bench.transcript(&["info", "stack.tif", "--json"]), @r#"
    exit 0
    ----- stdout
    {"files":[{"path":"stack.tif","format":"TIFF","axes":"zyx","shape":[3,4,5],"dtype":"uint16","name":null,"pixel_size":{"z":0.5,"y":0.1,"x":0.1},"time_step":null,"numerical_aperture":null,"channels":[],"compression":"deflate","block":[1,4,5],"levels":[[3,4,5]],"series":["0"],"pages":3,"warnings":[],"bytes":120}],"failed":[]}
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
      blocks      z 1, y 4, x 5
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

#[test]
fn networks_are_listed_with_parameters_and_memory() {
    let outcome = Bench::new().run(&["networks", "--input", "1,1,64,64", "--json"]);
    assert_eq!(outcome.code, 0);
    let result = outcome.json();
    let networks = result["networks"].as_array().unwrap();
    let find = |name: &str| {
        networks
            .iter()
            .find(|network| network["name"] == name)
            .unwrap()
    };
    assert_eq!(find("fnet")["patches"][0]["parameters"], json!(8_116_225));
    assert_eq!(find("fnet")["options"]["depth"]["default"], json!(4));
    for network in networks {
        let patch = &network["patches"][0];
        // Inputs of one channel, outputs of one channel: no network refuses that.
        assert!(patch["parameters"].as_u64().unwrap() > 0, "{network}");
        assert!(patch["training_bytes"].as_u64().unwrap() > 0, "{network}");
    }
}

#[test]
fn a_network_is_described_layer_by_layer() {
    let arguments = [
        "networks",
        "unet",
        "--summary",
        "--input",
        "1,1,32,48",
        "--out-channels",
        "3",
        "--set",
        "base=2",
        "--set",
        "depth=1",
    ];
    insta::assert_snapshot!(Bench::new().transcript(&arguments), @"
    exit 0
    ----- stdout
    layer                               kind            output               parameters
    inc.double_conv.0                   conv            1 x 2 x 1 x 32 x 48  18
    inc.double_conv.1                   norm            1 x 2 x 1 x 32 x 48  4
    inc.double_conv.3                   conv            1 x 2 x 1 x 32 x 48  36
    inc.double_conv.4                   norm            1 x 2 x 1 x 32 x 48  4
    down1.maxpool_conv.1.double_conv.0  conv            1 x 4 x 1 x 16 x 24  72
    down1.maxpool_conv.1.double_conv.1  norm            1 x 4 x 1 x 16 x 24  8
    down1.maxpool_conv.1.double_conv.3  conv            1 x 4 x 1 x 16 x 24  144
    down1.maxpool_conv.1.double_conv.4  norm            1 x 4 x 1 x 16 x 24  8
    up1.up                              conv_transpose  1 x 2 x 1 x 32 x 48  34
    up1.conv.double_conv.0              conv            1 x 2 x 1 x 32 x 48  72
    up1.conv.double_conv.1              norm            1 x 2 x 1 x 32 x 48  4
    up1.conv.double_conv.3              conv            1 x 2 x 1 x 32 x 48  36
    up1.conv.double_conv.4              norm            1 x 2 x 1 x 32 x 48  4
    outc.conv                           conv            1 x 3 x 1 x 32 x 48  9
    453 parameters; takes [1, 2, 2] (z, y, x) and larger; a training step on 1 x 1 x 1 x 32 x 48 keeps about 157.1 KiB
    ----- stderr
    ");
}

#[test]
fn a_network_is_drawn() {
    let bench = Bench::new();
    let options = ["--set", "base=2", "--set", "depth=1"];
    let arguments = [
        "networks",
        "unet",
        "--diagram",
        "unet.svg",
        "--input",
        "1,1,32,32",
    ];
    let outcome = bench.run(&[&arguments[..], &options[..]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let svg = std::fs::read_to_string(bench.path().join("unet.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<g>").count(), 6);
    let arguments = ["networks", "unet", "--diagram", "none/unet.svg"];
    insta::assert_snapshot!(bench.transcript(&[&arguments[..], &options[..]].concat()), @"
    exit 2
    ----- stdout
    ----- stderr
    error: cannot write `none/unet.svg`: no such folder

    hint: create the folder `none` first, or check the spelling of the path
    ");
}

#[test]
fn networks_that_do_not_fit_are_explained() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.transcript(&["networks", "atention_unet"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the config has 1 fault

      x unknown network `atention_unet`
       ,-[command line:2:11]
     1 | data: {train: {source: images, target: images}, target_kind: image}
     2 | network: {atention_unet: {}}
       :           ^^^^^^^^^^^^^
     3 | loss: [mse]
       `----
      hint: did you mean `attention_unet`? allowed: NETWORKS
    ");
    insta::assert_snapshot!(bench.transcript(&["networks", "fnet", "--input", "1,1,50,64"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the network cannot compute images of [1, 50, 64] (z, y, x); it takes multiples of [1, 16, 16] (z, y, x)

    hint: a size nearby is [1, 64, 64]
    ");
    insta::assert_snapshot!(bench.transcript(&["networks", "fnet", "--input", "1,1,50"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: invalid value '1,1,50' for '--input <SIZES>': expected 4 or 5 sizes, such as 1,1,256,256 (batch, channels, y, x)

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(
        bench.transcript(&["networks", "swin_unetr", "--set", "feature_size=26"]),
        @"
        exit 2
        ----- stdout
        ----- stderr
        error: network option `feature_size`: 26 is no multiple of 12; use 24 or 36

        hint: change the option; `coverslip networks NAME` describes those of a network
        "
    );
    insta::assert_snapshot!(
        bench.transcript(&["networks", "unetr", "--set", "image_size=50"]),
        @"
        exit 2
        ----- stdout
        ----- stderr
        error: network option `image_size`: [1, 50, 50] (z, y, x) is not made of whole patches of [1, 16, 16] pixels; use multiples of 16

        hint: change the option; `coverslip networks NAME` describes those of a network
        "
    );
}

#[test]
fn a_training_step_is_timed() {
    let arguments = [
        "networks",
        "unet",
        "--set",
        "base=2",
        "--time",
        "--input",
        "1,1,32,32",
        "--runs",
        "2",
        "--json",
    ];
    let result = Bench::new().run(&arguments).json();
    assert_eq!(result["seconds"].as_array().unwrap().len(), 2);
    assert!(result["train_step_s"].as_f64().unwrap() > 0.0);
}
