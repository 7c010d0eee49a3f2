//! Zarr hierarchies in a folder, mostly their metadata.
//!
//! The input is the files one after the other, each behind a line `@@` and its path.
#![no_main]

use std::fs;
use std::path::{Component, Path};

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::image_folder("image.zarr", |folder| {
    for (path, content) in files(data) {
        let path = folder.join(path);
        // A file may lie where another one needs a folder; then it is left out.
        let made = path
            .parent()
            .is_some_and(|parent| fs::create_dir_all(parent).is_ok());
        let _ = made && fs::write(&path, content).is_ok();
    }
}));

fn files(mut data: &[u8]) -> Vec<(&Path, &[u8])> {
    let mut files = Vec::new();
    while let Some(rest) = data.strip_prefix(b"@@") {
        let Some(line) = rest.iter().position(|&byte| byte == b'\n') else {
            break;
        };
        let (name, content) = (&rest[..line], &rest[line + 1..]);
        let end = content.windows(3).position(|bytes| bytes == b"\n@@");
        let end = end.unwrap_or(content.len());
        data = content.get(end + 1..).unwrap_or_default();
        let path = std::str::from_utf8(name).ok().map(Path::new);
        let is_plain = |path: &&Path| {
            path.components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        files.extend(path.filter(is_plain).map(|path| (path, &content[..end])));
    }
    files
}
