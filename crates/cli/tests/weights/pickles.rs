//! Checkpoints made by hand, byte by byte.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A text.
pub(crate) fn text(value: &str) -> Vec<u8> {
    let length = (value.len() as u32).to_le_bytes();
    [&b"X"[..], &length, value.as_bytes()].concat()
}

/// A whole number.
pub(crate) fn number(value: i64) -> Vec<u8> {
    [&[0x8a, 8][..], &value.to_le_bytes()].concat()
}

/// The name of a class or a function.
pub(crate) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// A tuple.
pub(crate) fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [&b"("[..], &items.concat(), b"t"].concat()
}

/// A call.
pub(crate) fn call(function: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
    [function, &tuple(arguments)[..], b"R"].concat()
}

/// A dictionary.
pub(crate) fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items = items
        .iter()
        .map(|(key, value)| [text(key), value.clone()].concat());
    [&b"}("[..], &items.collect::<Vec<_>>().concat(), b"u"].concat()
}

/// Where a tensor lies in a storage of 32-bit numbers.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The key of the storage.
    pub(crate) storage: &'a str,
    /// How many numbers the pickle says that it holds.
    pub(crate) numbers: i64,
    /// The number that the tensor begins with.
    pub(crate) offset: i64,
    /// Sizes.
    pub(crate) shape: &'a [i64],
    /// Steps along the axes.
    pub(crate) stride: &'a [i64],
}

/// A tensor.
pub(crate) fn tensor(place: Place<'_>) -> Vec<u8> {
    let storage = [
        tuple(&[
            text("storage"),
            global("torch", "FloatStorage"),
            text(place.storage),
            text("cpu"),
            number(place.numbers),
        ]),
        b"Q".to_vec(),
    ]
    .concat();
    let sizes = |sizes: &[i64]| tuple(&sizes.iter().map(|&size| number(size)).collect::<Vec<_>>());
    let hooks = call(&global("collections", "OrderedDict"), &[]);
    call(
        &global("torch._utils", "_rebuild_tensor_v2"),
        &[
            storage,
            number(place.offset),
            sizes(place.shape),
            sizes(place.stride),
            vec![0x89],
            hooks,
        ],
    )
}

/// A vector of four numbers, the whole storage `0`.
pub(crate) fn vector() -> Vec<u8> {
    tensor(Place {
        storage: "0",
        numbers: 4,
        offset: 0,
        shape: &[4],
        stride: &[1],
    })
}

/// A whole pickle.
pub(crate) fn pickle(body: &[u8]) -> Vec<u8> {
    [&[0x80, 2][..], body, b"."].concat()
}

/// A checkpoint with the storage `0` of four ones.
pub(crate) fn checkpoint(body: &[u8]) -> Vec<u8> {
    let ones = [1.0f32; 4].map(f32::to_le_bytes).concat();
    archive(
        &[("data.pkl", &pickle(body)), ("data/0", &ones)],
        CompressionMethod::Stored,
    )
}

/// A zip archive.
pub(crate) fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer
            .start_file(format!("archive/{name}"), options)
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
