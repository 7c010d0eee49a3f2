//! The plan of the house: the picture in `docs/architecture.md` is true, and imports go down it.

#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read fails its test"
)]

mod code;
mod documents;
mod imports;
mod order;
mod picture;
mod small_tree;

use std::path::Path;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn the_picture_names_what_there_is() {
    none(&order::strangers(root(), &picture::of(root())));
}

#[test]
fn imports_go_down_the_picture() {
    none(&order::upward_imports(root(), &picture::of(root())));
}

#[test]
fn crates_use_what_the_table_says() {
    none(&order::wrong_uses(root(), &picture::of(root())));
}

#[test]
fn documents_name_files_that_exist() {
    none(&documents::missing_paths(root()));
}
