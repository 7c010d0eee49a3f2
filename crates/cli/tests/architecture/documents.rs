//! Paths that the documents name.

use std::fs;
use std::path::{Path, PathBuf};

/// Beginnings of the paths that are looked up.
const FOLDERS: [&str; 5] = ["crates/", "docs/", "examples/", "tools/", ".ci/"];

/// Paths in code marks that do not exist, in the README, CONTRIBUTING and all pages of `docs/`.
pub(crate) fn missing_paths(root: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for page in pages(root) {
        let text = fs::read_to_string(&page).unwrap();
        for line in text.lines() {
            let paths = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|&mark| is_path(mark));
            let wrong = paths.filter(|path| !root.join(path).exists());
            missing.extend(wrong.map(|path| {
                let page = page.strip_prefix(root).unwrap().display();
                format!("{page} names `{path}`, which does not exist")
            }));
        }
    }
    missing
}

fn is_path(mark: &str) -> bool {
    FOLDERS.iter().any(|folder| mark.starts_with(folder)) && !mark.contains(' ')
}

fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    let entries = fs::read_dir(root.join("docs")).unwrap();
    pages.extend(entries.map(|entry| entry.unwrap().path()));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages
}
