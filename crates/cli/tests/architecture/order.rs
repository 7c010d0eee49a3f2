//! Compares the sources with the picture.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{self, TopNames};
use crate::picture::{Crate, Picture};

/// Folders, modules and files that are only in the picture, or only on the disk.
pub(crate) fn strangers(root: &Path, picture: &Picture) -> Vec<String> {
    let shown = picture
        .paths
        .iter()
        .filter(|path| !root.join(path).exists());
    let mut breaches: Vec<String> = shown
        .map(|path| format!("{path} is in the picture but does not exist"))
        .collect();
    for folder in names_in(&root.join("crates")) {
        let Some(position) = picture.position(&folder) else {
            breaches.push(format!("crates/{folder} is missing in the picture"));
            continue;
        };
        let shown = &picture.crates[position].modules;
        let there = modules(root, &folder);
        let missing = there.iter().filter(|module| !shown.contains(module));
        breaches.extend(
            missing.map(|module| format!("crates/{folder}/src/{module} is missing in the picture")),
        );
    }
    breaches
}

/// Imports of a module by one that stands below it in its crate. Without them there are no circles.
pub(crate) fn upward_imports(root: &Path, picture: &Picture) -> Vec<String> {
    picture
        .crates
        .iter()
        .flat_map(|one| upward_in_crate(root, one))
        .collect()
}

fn upward_in_crate(root: &Path, one: &Crate) -> Vec<String> {
    let source = root.join("crates").join(&one.folder).join("src");
    let position = |module: &str| one.modules.iter().position(|name| name == module);
    let top = TopNames::of(&fs::read_to_string(source.join("lib.rs")).unwrap());
    let mut breaches = Vec::new();
    for file in sources(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let own = imports::module_path(inside).remove(0);
        let text = fs::read_to_string(&file).unwrap();
        let mut used = BTreeSet::new();
        for name in imports::first_names(&text, inside) {
            used.insert(top.module(&name).to_owned());
        }
        let higher = used.iter().filter(|name| position(name) < position(&own));
        breaches.extend(higher.filter(|name| position(name).is_some()).map(|name| {
            let file = file.strip_prefix(root).unwrap().display();
            format!("{file}: `{own}` uses `{name}`, which stands above it in docs/architecture.md")
        }));
    }
    breaches
}

/// Crates that depend on others than the table says, or on such that stand above them.
pub(crate) fn wrong_uses(root: &Path, picture: &Picture) -> Vec<String> {
    let folders: Vec<&str> = picture
        .crates
        .iter()
        .map(|one| one.folder.as_str())
        .collect();
    let manifest = |folder: &str| {
        fs::read_to_string(root.join("crates").join(folder).join("Cargo.toml")).unwrap()
    };
    let packages: Vec<String> = folders
        .iter()
        .map(|name| package(&manifest(name)))
        .collect();
    let mut breaches = Vec::new();
    for (position, one) in picture.crates.iter().enumerate() {
        let dependencies = dependencies(&manifest(&one.folder));
        let uses = (folders.iter().zip(&packages).enumerate())
            .filter(|(_, (_, package))| dependencies.contains(*package));
        let mut used = Vec::new();
        for (other, (folder, _)) in uses {
            used.push((*folder).to_owned());
            if other < position {
                breaches.push(format!(
                    "{} uses {folder}, which stands above it",
                    one.folder
                ));
            }
        }
        if used != one.uses {
            breaches.push(format!(
                "{} uses {used:?}, the table says {:?}",
                one.folder, one.uses
            ));
        }
    }
    breaches
}

fn package(manifest: &str) -> String {
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "));
    line.unwrap().trim_matches('"').to_owned()
}

/// The names in all tables of dependencies of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && let Some((name, _)) = line.split_once('=') {
            names.insert(name.trim().trim_end_matches(".workspace").to_owned());
        }
    }
    names
}

/// The first-level modules of a crate.
fn modules(root: &Path, folder: &str) -> BTreeSet<String> {
    let names = names_in(&root.join("crates").join(folder).join("src"));
    let modules = names
        .iter()
        .map(|name| name.trim_end_matches(".rs").to_owned());
    modules
        .filter(|name| name != "lib" && name != "main")
        .collect()
}

/// All sources of modules in a folder, without those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(&name);
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if Path::new(&*name).extension().is_some_and(|end| end == "rs")
            && !["lib.rs", "main.rs", "tests.rs"].contains(&&*name)
        {
            found.push(path);
        }
    }
    found
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
