//! Which first-level modules of its crate a file uses.

use std::collections::BTreeMap;
use std::path::Path;

use crate::code::{is_word, production_code};

/// The path of the module that a file in `src` is: `a/b.rs` is `a`, `b`.
pub(crate) fn module_path(file: &Path) -> Vec<String> {
    let parts = file.with_extension("");
    let parts = parts.iter().map(|part| part.to_string_lossy().into_owned());
    parts.collect()
}

/// The first names behind `crate::`, or behind as many `super::` as lead out of the file's folder.
pub(crate) fn first_names(text: &str, file: &Path) -> Vec<String> {
    let code = production_code(text);
    let out = "super::".repeat(module_path(file).len());
    let mut names = names_behind(&code, "crate::");
    names.extend(names_behind(&code, &out));
    names
}

/// Names that `lib.rs` re-exports, with the modules that they come from.
pub(crate) struct TopNames(BTreeMap<String, String>);

impl TopNames {
    /// Those of a `lib.rs`.
    pub(crate) fn of(library: &str) -> TopNames {
        let code = production_code(library);
        let mut names = BTreeMap::new();
        for item in code.split(';') {
            let Some(path) = item.trim().strip_prefix("pub use ") else {
                continue;
            };
            let mut words = path.split(|c| !is_word(c)).filter(|word| !word.is_empty());
            let module = words.next().unwrap_or_default();
            names.extend(words.map(|word| (word.to_owned(), module.to_owned())));
        }
        TopNames(names)
    }

    /// The module that a name at the top of the crate belongs to: itself, if it is one.
    pub(crate) fn module<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

fn names_behind(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = &code[..at];
        if before.ends_with(is_word) || before.ends_with("super::") {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(names_of_group(group)),
            None => names.extend(first_word(rest)),
        }
    }
    names
}

/// The first word of each part of a group in braces.
fn names_of_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut start) = (1, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                names.extend(first_word(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            names.extend(first_word(&group[start..at]));
            break;
        }
    }
    names
}

fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}
