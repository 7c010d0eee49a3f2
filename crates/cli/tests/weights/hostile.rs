//! Files that ask to run code. What they ask for would make the file `pwned`.

use crate::{
    NETWORK,
    command::Bench,
    fault,
    pickles::{call, checkpoint, dict, global, pickle, text, tuple, vector},
};

const COMMAND: &str = "touch pwned";

/// Imports a file of these bytes, which must not have run anything.
fn refusal(bytes: &[u8]) -> String {
    let bench = Bench::new();
    bench.write("evil.pt", bytes);
    let said = fault(&bench, "evil.pt", &["--partial"]);
    assert!(!bench.path().join("pwned").exists(), "{said}");
    assert!(!bench.path().join("model").exists(), "{said}");
    said
}

fn system() -> Vec<u8> {
    call(&global("os", "system"), &[text(COMMAND)])
}

#[test]
fn a_call_in_the_place_of_a_state_dict() {
    insta::assert_snapshot!(refusal(&checkpoint(&system())), @"
    exit 2
    error: `evil.pt` asks to run `os.system`; nothing was run

    hint: do not open this file with PyTorch either; get the weights from a source that you trust
    ");
    insta::assert_snapshot!(refusal(&pickle(&system())), @"
    exit 2
    error: `evil.pt` asks to run `os.system`; nothing was run

    hint: do not open this file with PyTorch either; get the weights from a source that you trust
    ");
}

#[test]
fn a_call_among_the_tensors() {
    let body = dict(&[("inc.weight", vector()), ("inc.bias", system())]);
    insta::assert_snapshot!(refusal(&checkpoint(&body)), @"
    exit 2
    error: `evil.pt` asks to run `os.system`; nothing was run

    hint: do not open this file with PyTorch either; get the weights from a source that you trust
    ");
}

#[test]
fn a_call_whose_result_is_thrown_away() {
    let body = [system(), b"0".to_vec(), dict(&[("inc.weight", vector())])].concat();
    insta::assert_snapshot!(refusal(&checkpoint(&body)), @"
    exit 2
    error: `evil.pt` asks to run `os.system`; nothing was run

    hint: do not open this file with PyTorch either; get the weights from a source that you trust
    ");
}

#[test]
fn all_ways_to_name_a_function() {
    let command = text(COMMAND);
    let by_inst = [b"(", &command[..], b"iposix\nsystem\n"].concat();
    let by_stack = [
        &text("posix")[..],
        &text("system"),
        &[0x93],
        &tuple(std::slice::from_ref(&command)),
        b"R",
    ]
    .concat();
    // The names are kept under numbers first, and fetched when they are needed.
    let by_memo = [
        &text("posix")[..],
        b"q\x010",
        &text("system"),
        b"q\x020h\x01h\x02\x93",
        &tuple(std::slice::from_ref(&command)),
        b"R",
    ]
    .concat();
    let by_object = [b"(", &global("os", "system")[..], &command, b"o"].concat();
    let by_new = [&global("os", "system")[..], &tuple(&[command]), &[0x81]].concat();
    for body in [by_inst, by_stack, by_memo, by_object, by_new] {
        let said = refusal(&checkpoint(&body));
        assert!(said.contains("asks to run `"), "{said}");
        assert!(said.contains("system`; nothing was run"), "{said}");
    }
}

#[test]
fn other_functions_that_run_code() {
    let functions = [
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("subprocess", "Popen"),
        ("runpy", "_run_code"),
        ("importlib", "import_module"),
        ("os.path", "os.system"),
    ];
    let said = functions.map(|(module, name)| {
        let body = call(&global(module, name), &[text("open('pwned', 'w')")]);
        refusal(&checkpoint(&body))
            .lines()
            .nth(1)
            .unwrap()
            .to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @"
    error: `evil.pt` asks to run `builtins.eval`; nothing was run
    error: `evil.pt` asks to run `__builtin__.exec`; nothing was run
    error: `evil.pt` asks to run `subprocess.Popen`; nothing was run
    error: `evil.pt` asks to run `runpy._run_code`; nothing was run
    error: `evil.pt` asks to run `importlib.import_module`; nothing was run
    error: `evil.pt` asks to run `os.path.os.system`; nothing was run
    ");
}

/// A function that nobody knows makes a thing that nobody looks at; where a weight is needed, it is
/// missing.
#[test]
fn an_unknown_function() {
    let unknown = call(&global("my_project.layers", "Weight"), &[text(COMMAND)]);
    let body = dict(&[
        ("up1.up.bias", vector()),
        ("outc.conv.bias", unknown.clone()),
    ]);
    let bench = Bench::new();
    bench.write("odd.pt", checkpoint(&body));
    let import = [
        "import",
        "odd.pt",
        "--network",
        NETWORK,
        "-o",
        "model",
        "--partial",
        "--json",
    ];
    let result = bench.run(&import).json();
    assert_eq!(result["taken"], 1);
    let missing = result["missing"].as_array().unwrap();
    assert!(
        missing.iter().any(|name| name == "outc.conv.bias"),
        "{result}"
    );
    insta::assert_snapshot!(refusal(&checkpoint(&unknown)), @"
    exit 2
    error: `evil.pt` holds no tensors; it holds my_project.layers.Weight

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)
    ");
    // One that is made of tensors cannot be passed over.
    let made_of_tensors = call(&global("my_project.layers", "Weight"), &[vector()]);
    let body = dict(&[("inc.weight", vector()), ("inc.bias", made_of_tensors)]);
    insta::assert_snapshot!(refusal(&checkpoint(&body)), @"
    exit 2
    error: `evil.pt` is damaged or forged: unsupported Python type 'my_project.layers.Weight'. The file holds tensor data in a form this reader cannot represent.

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`
    ");
}
