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
    insta::assert_snapshot!(said, @"
    exit 0
    images: 2 to train on, 1 to validate on
    frozen: 11 of 56 tensors
    first weights from `DIR/run/model/weights.safetensors`
      inc.double_conv.0.weight: taken
      inc.double_conv.1.weight: taken
      inc.double_conv.1.bias: taken
      inc.double_conv.1.running_mean: taken
      inc.double_conv.1.running_var: taken
      inc.double_conv.3.weight: taken
      inc.double_conv.4.weight: taken
      inc.double_conv.4.bias: taken
      inc.double_conv.4.running_mean: taken
      inc.double_conv.4.running_var: taken
      down1.maxpool_conv.1.double_conv.0.weight: taken
      down1.maxpool_conv.1.double_conv.1.weight: taken
      down1.maxpool_conv.1.double_conv.1.bias: taken
      down1.maxpool_conv.1.double_conv.1.running_mean: taken
      down1.maxpool_conv.1.double_conv.1.running_var: taken
      down1.maxpool_conv.1.double_conv.3.weight: taken
      down1.maxpool_conv.1.double_conv.4.weight: taken
      down1.maxpool_conv.1.double_conv.4.bias: taken
      down1.maxpool_conv.1.double_conv.4.running_mean: taken
      down1.maxpool_conv.1.double_conv.4.running_var: taken
      up1.up.weight: random, because it is [8, 4, 2, 2] there and [16, 8, 2, 2] here
      up1.up.bias: random, because it is [4] there and [8] here
      up1.conv.double_conv.0.weight: random, because it is [4, 8, 3, 3] there and [8, 16, 3, 3] here
      up1.conv.double_conv.1.weight: random, because it is [4] there and [8] here
      up1.conv.double_conv.1.bias: random, because it is [4] there and [8] here
      up1.conv.double_conv.1.running_mean: random, because it is [4] there and [8] here
      up1.conv.double_conv.1.running_var: random, because it is [4] there and [8] here
      up1.conv.double_conv.3.weight: random, because it is [4, 4, 3, 3] there and [8, 8, 3, 3] here
      up1.conv.double_conv.4.weight: random, because it is [4] there and [8] here
      up1.conv.double_conv.4.bias: random, because it is [4] there and [8] here
      up1.conv.double_conv.4.running_mean: random, because it is [4] there and [8] here
      up1.conv.double_conv.4.running_var: random, because it is [4] there and [8] here
      outc.conv.weight: random, because it is [2, 4, 1, 1] there and [3, 4, 1, 1] here
      outc.conv.bias: random, because it is [2] there and [3] here
      down2.maxpool_conv.1.double_conv.0.weight: random, because it is not there
      down2.maxpool_conv.1.double_conv.1.weight: random, because it is not there
      down2.maxpool_conv.1.double_conv.1.bias: random, because it is not there
      down2.maxpool_conv.1.double_conv.1.running_mean: random, because it is not there
      down2.maxpool_conv.1.double_conv.1.running_var: random, because it is not there
      down2.maxpool_conv.1.double_conv.3.weight: random, because it is not there
      down2.maxpool_conv.1.double_conv.4.weight: random, because it is not there
      down2.maxpool_conv.1.double_conv.4.bias: random, because it is not there
      down2.maxpool_conv.1.double_conv.4.running_mean: random, because it is not there
      down2.maxpool_conv.1.double_conv.4.running_var: random, because it is not there
      up2.up.weight: random, because it is not there
      up2.up.bias: random, because it is not there
      up2.conv.double_conv.0.weight: random, because it is not there
      up2.conv.double_conv.1.weight: random, because it is not there
      up2.conv.double_conv.1.bias: random, because it is not there
      up2.conv.double_conv.1.running_mean: random, because it is not there
      up2.conv.double_conv.1.running_var: random, because it is not there
      up2.conv.double_conv.3.weight: random, because it is not there
      up2.conv.double_conv.4.weight: random, because it is not there
      up2.conv.double_conv.4.bias: random, because it is not there
      up2.conv.double_conv.4.running_mean: random, because it is not there
      up2.conv.double_conv.4.running_var: random, because it is not there
    first weights: 20 tensors taken, 36 random, 0 not used
    epoch 1/1
    ");
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
    insta::assert_snapshot!(said.join("\n"), @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/run` is not a model package: it has no `model.yaml`

    hint: give the folder `model` inside the folder of a training run

    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/nothing.pth` does not exist

    hint: check the spelling of the path, and that you may read it

    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/run.yaml` is no file of weights: it is neither a PyTorch checkpoint nor a safetensors file

    hint: give a .pt, .pth, .ckpt or .safetensors file; in PyTorch `torch.save(network.state_dict(), FILE)` writes one

    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/run/model/weights.safetensors`: no tensor's name begins with `decoder.`; the first names are down1.maxpool_conv.1.double_conv.0.weight, down1.maxpool_conv.1.double_conv.1.bias, down1.maxpool_conv.1.double_conv.1.running_mean, down1.maxpool_conv.1.double_conv.1.running_var, down1.maxpool_conv.1.double_conv.1.weight, down1.maxpool_conv.1.double_conv.3.weight, down1.maxpool_conv.1.double_conv.4.bias, down1.maxpool_conv.1.double_conv.4.running_mean and 26 more

    hint: give the beginning of the names of the network you want

    exit 2
    images: 2 to train on, 1 to validate on
    error: no tensor of `DIR/run/model/weights.safetensors` has the name and the shape of one of the network's; it holds down1.maxpool_conv.1.double_conv.0.weight, down1.maxpool_conv.1.double_conv.1.bias, down1.maxpool_conv.1.double_conv.1.running_mean, down1.maxpool_conv.1.double_conv.1.running_var, down1.maxpool_conv.1.double_conv.1.weight, down1.maxpool_conv.1.double_conv.3.weight, down1.maxpool_conv.1.double_conv.4.bias, down1.maxpool_conv.1.double_conv.4.running_mean, down1.maxpool_conv.1.double_conv.4.running_var, down1.maxpool_conv.1.double_conv.4.weight, inc.double_conv.0.weight, inc.double_conv.1.bias and 22 more

    hint: train the network that the weights belong to, or choose the tensors with `initial_weights.key` and `.strip`

    exit 2
    error: the config has 1 fault

      x --set initial_weights: `initial_weights.from` is missing
      hint: allowed: a path

    exit 2
    error: the config has 1 fault

      x --set initial_weights.form: unknown key `form` in `initial_weights`
      hint: did you mean `from`? allowed: from, key, strip
    ");
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
    insta::assert_snapshot!(said.join("\n"), @"
    exit 2
    error: the config has 1 fault

      x --set freeze: no tensor of the network is named `dwon1.*`
      hint: allowed: `down1.*`, or names that begin with down1., inc., outc., up1.; `*` stands for any text

    exit 2
    error: the config has 1 fault

      x --set freeze: no tensor of the network is named `encoder*`
      hint: allowed: names that begin with down1., inc., outc., up1.; `*` stands for any text

    exit 2
    images: 2 to train on, 1 to validate on
    error: `freeze` leaves no weight to train

    hint: leave out the pattern that the last layers match

    exit 2
    error: the config has 1 fault

      x --set freeze: `freeze` is the text `inc.*`
      hint: did you mean `[inc.*]`? allowed: a list of any number of items, each text
    ");
    assert!(!study.path("second").exists());
}
