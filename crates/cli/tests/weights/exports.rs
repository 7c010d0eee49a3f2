//! Weights for other programs.

use coverslip::weights::state_dict;

use crate::{NETWORK, bench_with, command::Bench, data, one_tensor};

#[test]
fn what_is_exported_is_what_was_imported() {
    let bench = bench_with(&["zip.pth"]);
    let said = bench.run(&["import", "zip.pth", "--network", NETWORK, "-o", "model"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    insta::assert_snapshot!(
        bench.transcript(&["export", "model", "--format", "safetensors", "--names", "torch"]), @"
    exit 0
    ----- stdout
    56 tensors with torch names in weights.safetensors
    ----- stderr
    ");
    // The reference file has counters of batches besides, which are no weights.
    let (exported, metadata) = state_dict::read(&bench.path().join("weights.safetensors")).unwrap();
    assert_eq!(metadata["format"], "pt");
    let reference = std::fs::read(data("weights.safetensors")).unwrap();
    let reference = safetensors::SafeTensors::deserialize(&reference).unwrap();
    let mut count = 0;
    for (name, tensor) in reference
        .iter()
        .filter(|(name, _)| !name.ends_with("tracked"))
    {
        assert_eq!(exported[name].shape().to_vec(), tensor.shape(), "{name}");
        assert_eq!(exported[name].as_bytes(), tensor.data(), "{name}");
        count += 1;
    }
    assert_eq!(count, exported.len());
    insta::assert_snapshot!(bench.transcript(&["export", "model"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: `weights.safetensors` exists already

    hint: choose another name, or replace the file with `--force`
    ");
    insta::assert_snapshot!(bench.transcript(&["export", "model", "--names", "keras", "-o", "k"]), @"
    exit 2
    ----- stdout
    ----- stderr
    error: the reference of network `unet` has torch names, not keras

    hint: export with `--names torch`
    ");
    let result = bench.run(&["export", "model", "--force", "--json"]).json();
    assert_eq!(result["tensors"], count);
    assert_eq!(result["names"], "torch");
}

/// A reference that lists tensors under two names gets them under both.
#[test]
fn aliases_are_written_too() {
    let bench = Bench::new();
    let network = "{dynunet: {channels: [2, 2, 2]}}";
    bench.write(
        "bias.safetensors",
        one_tensor("output_block.conv.conv.bias", &[1]),
    );
    let import = [
        "import",
        "bias.safetensors",
        "--network",
        network,
        "-o",
        "m",
        "--partial",
    ];
    let said = bench.run(&import);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let said = bench.run(&["export", "m"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let (dict, _) = state_dict::read(&bench.path().join("weights.safetensors")).unwrap();
    assert!(
        dict.contains_key("skip_layers.downsample.conv1.conv.weight"),
        "{:?}",
        dict.keys()
    );
    assert_eq!(
        dict["input_block.conv1.conv.weight"],
        dict["skip_layers.downsample.conv1.conv.weight"]
    );
}
