//! Files that are cut off, lie about what they hold, or hold something else.

use zip::CompressionMethod;

use crate::{
    bench_with,
    command::Bench,
    fault,
    pickles::{Place, archive, checkpoint, dict, number, pickle, tensor, text, tuple, vector},
};

/// Imports a file of these bytes.
fn said_of(bytes: &[u8]) -> String {
    let bench = Bench::new();
    bench.write("file.pt", bytes);
    let said = fault(&bench, "file.pt", &[]);
    assert!(!bench.path().join("model").exists(), "{said}");
    said
}

#[test]
fn a_file_that_is_cut_off() {
    for name in ["zip.pth", "legacy.pth", "weights.safetensors"] {
        let bench = bench_with(&[name]);
        let whole = std::fs::read(bench.path().join(name)).unwrap();
        for part in [whole.len() - 1, whole.len() / 2, 600, 100, 9, 3, 0] {
            bench.write(name, &whole[..part]);
            let said = fault(&bench, name, &[]);
            assert!(
                said.starts_with("exit 2\nerror: `"),
                "{name} {part}: {said}"
            );
            assert!(said.contains("hint: "), "{name} {part}: {said}");
        }
    }
    let bench = bench_with(&["zip.pth", "legacy.pth", "weights.safetensors"]);
    let said = ["zip.pth", "legacy.pth", "weights.safetensors"].map(|name| {
        let whole = std::fs::read(bench.path().join(name)).unwrap();
        bench.write(name, &whole[..whole.len() / 2]);
        fault(&bench, name, &[])
    });
    insta::assert_snapshot!(said.join("\n"), @"
    exit 2
    error: `zip.pth` is damaged or forged: the zip archive is broken (invalid Zip archive: Could not find EOCD)

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`

    exit 2
    error: `legacy.pth` is damaged or forged: its pickle is cut off

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`

    exit 2
    error: `weights.safetensors` is damaged or forged: its header and its bytes disagree (incomplete metadata, file not fully covered)

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`
    ");
}

#[test]
fn files_that_are_something_else() {
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let zip = |name: &str| archive(&[(name, b"hello")], CompressionMethod::Stored);
    let files: [&[u8]; 7] = [
        b"",
        b"hello world, this is no file of weights",
        b"const weights = 1;\n",
        b"\x89HDF\r\n\x1a\n and so on",
        &tar,
        &zip("model.weights.h5"),
        &zip("readme.txt"),
    ];
    insta::assert_snapshot!(files.map(said_of).join("\n"), @"
    exit 2
    error: `file.pt` is no file of weights: it is neither a PyTorch checkpoint nor a safetensors file

    hint: give a .pt, .pth, .ckpt or .safetensors file; in PyTorch `torch.save(network.state_dict(), FILE)` writes one

    exit 2
    error: `file.pt` is no file of weights: it is neither a PyTorch checkpoint nor a safetensors file

    hint: give a .pt, .pth, .ckpt or .safetensors file; in PyTorch `torch.save(network.state_dict(), FILE)` writes one

    exit 2
    error: `file.pt` is no file of weights: it is neither a PyTorch checkpoint nor a safetensors file

    hint: give a .pt, .pth, .ckpt or .safetensors file; in PyTorch `torch.save(network.state_dict(), FILE)` writes one

    exit 2
    error: `file.pt` is an HDF5 file (Keras, TensorFlow), which is not read

    hint: write its variables with Python: `safetensors.numpy.save_file({w.name.split(':')[0]: w.numpy() for w in model.weights}, 'weights.safetensors')`

    exit 2
    error: `file.pt` is a tar archive (PyTorch before 0.1.10), which is not read

    hint: if you trust the file, load it with the PyTorch of its time and save its state dict with a PyTorch of today

    exit 2
    error: `file.pt` is a Keras model, which is not read

    hint: write its variables with Python: `safetensors.numpy.save_file({w.name.split(':')[0]: w.numpy() for w in model.weights}, 'weights.safetensors')`

    exit 2
    error: `file.pt` is a zip archive without a `data.pkl`, which is not read

    hint: give the checkpoint itself; unpack the archive if it is in there
    ");
    let bench = Bench::new();
    std::fs::create_dir(bench.path().join("folder")).unwrap();
    insta::assert_snapshot!(fault(&bench, "folder", &[]), @"
    exit 2
    error: `folder` is a folder, not a file of weights

    hint: give the file of weights in it; a folder with `model.yaml` is a model package already
    ");
    insta::assert_snapshot!(fault(&bench, "nothing.pt", &[]), @"
    exit 2
    error: `nothing.pt` does not exist

    hint: check the spelling of the path, and that you may read it
    ");
}

#[test]
fn pickles_that_are_no_state_dict() {
    let bodies = [
        number(5),
        tuple(&[vector(), vector()]),
        dict(&[]),
        dict(&[("epoch", number(5)), ("config", dict(&[("lr", number(1))]))]),
    ];
    let said = bodies.map(|body| said_of(&checkpoint(&body)));
    insta::assert_snapshot!(said.join("\n"), @"
    exit 2
    error: `file.pt` holds no tensors; it holds int

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)

    exit 2
    error: `file.pt` holds no tensors; it holds list

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)

    exit 2
    error: `file.pt` holds no tensors

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)

    exit 2
    error: `file.pt` holds no tensors; it holds config (dict), epoch (int)

    hint: save the state dict, `torch.save(network.state_dict(), FILE)`, or choose another entry with `--key` (in a config, `initial_weights.key`)
    ");
}

/// Two networks in one file, as of a GAN.
#[test]
fn a_file_of_several_networks() {
    let part = |name: &str| dict(&[(name, vector())]);
    let body = dict(&[("G", part("up1.up.bias")), ("D", part("score.bias"))]);
    let said = said_of(&checkpoint(&body));
    let hint =
        "hint: choose one of the file's parts with `--key` (D, G), or set the network's options";
    assert!(said.contains(hint), "{said}");
}

#[test]
fn archives_that_unpack_to_more_than_they_are() {
    let zeros = vec![0; 50 << 20];
    let body = pickle(&dict(&[("up1.up.bias", vector())]));
    let storage = archive(
        &[("data.pkl", &body), ("data/0", &zeros)],
        CompressionMethod::Deflated,
    );
    assert!(storage.len() < 100_000);
    let marks = vec![b'N'; 50 << 20];
    let program = archive(&[("data.pkl", &marks)], CompressionMethod::Deflated);
    insta::assert_snapshot!([storage, program].map(|bytes| said_of(&bytes)).join("\n"), @"
    exit 2
    error: `file.pt` is damaged or forged: entry archive/data.pkl of the zip archive is packed, 140 bytes for 180; PyTorch does not pack

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`

    exit 2
    error: `file.pt` is damaged or forged: entry archive/data.pkl of the zip archive is packed, 50973 bytes for 52428800; PyTorch does not pack

    hint: get the file again from where it comes from, or save it anew with `torch.save(network.state_dict(), FILE)`
    ");
}

#[test]
fn tensors_that_do_not_fit_their_storage() {
    let place = Place {
        storage: "0",
        numbers: 4,
        offset: 0,
        shape: &[4],
        stride: &[1],
    };
    let places = [
        // More than the storage is said to hold, from its start or behind an offset.
        Place {
            shape: &[5],
            ..place
        },
        Place { offset: 1, ..place },
        Place {
            offset: -1,
            ..place
        },
        // As much as it is said to hold, which is more than it does.
        Place {
            numbers: 400,
            shape: &[400],
            ..place
        },
        // Sizes whose product is no number of this machine.
        Place {
            shape: &[1 << 40, 1 << 40],
            stride: &[0, 0],
            ..place
        },
        Place {
            shape: &[i64::MAX, 4],
            stride: &[i64::MAX, 1],
            ..place
        },
        Place {
            shape: &[-4],
            ..place
        },
        // One number, repeated until the memory is full.
        Place {
            shape: &[1 << 20, 1 << 10],
            stride: &[0, 0],
            ..place
        },
        // A storage that is not there.
        Place {
            storage: "7",
            ..place
        },
    ];
    let said = places.map(|place| {
        let said = said_of(&checkpoint(&dict(&[("up1.up.bias", tensor(place))])));
        said.lines().nth(1).unwrap_or_default().to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @"
    error: `file.pt` is damaged or forged: Tensor with shape [5] and stride [1] at offset 0 needs 5 elements, but storage '0' declares 4
    error: `file.pt` is damaged or forged: Tensor with shape [4] and stride [1] at offset 1 needs 5 elements, but storage '0' declares 4
    error: `file.pt` is damaged or forged: storage offset must be non-negative, got -1
    error: `file.pt`: tensor up1.up.bias cannot be read: Tensor with shape [400] requires 400 elements from storage '0', but only 4 are available
    error: `file.pt` is damaged or forged: Tensor shape element count overflows usize
    error: `file.pt` is damaged or forged: Tensor shape element count overflows usize
    error: `file.pt` is damaged or forged: shape must be non-negative, got -4
    error: `file.pt` is damaged or forged: its tensors are said to hold 1073741824 numbers together, and it has 450 bytes
    error: `file.pt`: tensor up1.up.bias cannot be read: Failed to read storage '7' for tensor with shape [4]: ZIP entry 'archive/data/7': not found in archive
    ");
}

#[test]
fn pickles_that_are_made_to_exhaust() {
    // A list in a list in a list, ...
    let deep = [&b"]"[..], &[0x85].repeat(1_000_000)].concat();
    // A tuple of the last tuple ten times, ..., fetched from where it is kept.
    let mut bomb = tuple(&[text("lol")]);
    for level in 0..30u8 {
        let ten = [b'h', level].repeat(10);
        bomb.extend([&[b'q', level, b'0', b'('], &ten[..], b"t"].concat());
    }
    let many = b"N".repeat(5_000_000);
    let long_text = [b"X", &u32::MAX.to_le_bytes()[..], b"short"].concat();
    let unknown = [0xff, 0x00];
    let files: [&[u8]; 5] = [&deep, &bomb, &many, &long_text, &unknown];
    let said = files.map(|body| {
        let said = said_of(&checkpoint(body));
        said.lines().nth(1).unwrap_or_default().to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @"
    error: `file.pt` is damaged or forged: pickle nesting exceeds 1000 levels
    error: `file.pt` is damaged or forged: Pickle memo bomb detected: copies exceeded 1000000 nodes or 67108864 bytes
    error: `file.pt` is damaged or forged: its pickle has more than 4000000 instructions
    error: `file.pt` is damaged or forged: its pickle is cut off
    error: `file.pt` is damaged or forged: its pickle has the byte 0xff where an instruction is expected
    ");
}

#[test]
fn safetensors_that_lie() {
    let file = |header: &str, bytes: usize| {
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes(), &vec![0; bytes]].concat()
    };
    let tensor = |shape: &str, range: &str| {
        format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{range}}}}}")
    };
    let files = [
        file(&tensor("[4]", "[0,16]"), 8),
        file(&tensor("[2]", "[0,16]"), 16),
        file(&tensor("[4611686018427387904,4]", "[0,16]"), 16),
        file(&tensor("[4]", "[16,0]"), 16),
        [&u64::MAX.to_le_bytes()[..], b"{\"a\":1}"].concat(),
        file("{\"a\":", 0),
    ];
    let said = files.map(|bytes| {
        let said = said_of(&bytes);
        said.lines().nth(1).unwrap_or_default().to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @"
    error: `file.pt` is damaged or forged: its header and its bytes disagree (incomplete metadata, file not fully covered)
    error: `file.pt` is damaged or forged: its header and its bytes disagree (invalid shape, data type, or offset for tensor)
    error: `file.pt` is damaged or forged: its header and its bytes disagree (overflow computing buffer size from shape and/or element type)
    error: `file.pt` is damaged or forged: its header and its bytes disagree (invalid offset for tensor `a`)
    error: `file.pt` is damaged or forged: its header and its bytes disagree (header too large)
    error: `file.pt` is damaged or forged: its header and its bytes disagree (invalid JSON in header: EOF while parsing a value at line 1 column 5)
    ");
}

#[test]
fn values_that_are_not_finite() {
    let bench = bench_with(&["zip.pth", "weights.safetensors"]);
    let mut bytes = std::fs::read(bench.path().join("weights.safetensors")).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    bench.write("weights.safetensors", &bytes);
    insta::assert_snapshot!(fault(&bench, "weights.safetensors", &[]), @"
    exit 2
    error: `weights.safetensors`: tensor up2.up.weight holds 1 of 32 values that are not finite (NaN or infinite)

    hint: the training that made them went astray; use weights of an earlier epoch
    ");

    let infinite = f32::INFINITY.to_le_bytes().repeat(4);
    let body = pickle(&dict(&[("up1.up.bias", vector())]));
    let entries: [(&str, &[u8]); 2] = [("data.pkl", &body), ("data/0", &infinite)];
    bench.write("infinite.pt", archive(&entries, CompressionMethod::Stored));
    insta::assert_snapshot!(fault(&bench, "infinite.pt", &[]), @"
    exit 2
    error: `infinite.pt`: tensor up1.up.bias holds 4 of 4 values that are not finite (NaN or infinite)

    hint: the training that made them went astray; use weights of an earlier epoch
    ");
}
