//! Reads the picture of the folders and the table of crates in `docs/architecture.md`.

use std::fs;
use std::path::Path;

/// The crates, from the top to the bottom.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// The crates, from the top to the bottom.
    pub crates: Vec<Crate>,
    /// Every file and folder that the picture shows, from the root of the repository.
    pub paths: Vec<String>,
}

/// A crate of the picture.
#[derive(Debug)]
pub(crate) struct Crate {
    /// Its folder in `crates/`.
    pub folder: String,
    /// Its first-level modules, from the top to the bottom.
    pub(crate) modules: Vec<String>,
    /// The folders of the crates that it uses, from the table.
    pub uses: Vec<String>,
}

impl Picture {
    /// How far down a crate stands.
    pub(crate) fn position(&self, folder: &str) -> Option<usize> {
        self.crates.iter().position(|one| one.folder == folder)
    }
}

/// The picture of a repository.
pub(crate) fn of(root: &Path) -> Picture {
    parse(&fs::read_to_string(root.join("docs/architecture.md")).unwrap())
}

/// The block of text whose first line is `crates/`, two spaces a level: a crate, its modules, and
/// files of modules that are worth a line.
fn parse(page: &str) -> Picture {
    let mut picture = Picture::default();
    let mut place = Vec::new();
    let lines = page.lines().skip_while(|line| *line != "crates/").skip(1);
    for line in lines.take_while(|line| !line.starts_with("```")) {
        let level = (line.len() - line.trim_start().len()) / 2;
        let name = line.split_whitespace().next().unwrap();
        place.truncate(level - 1);
        place.push(name.trim_end_matches('/').to_owned());
        match (level, picture.crates.last_mut()) {
            (1, _) => picture.crates.push(Crate {
                folder: place[0].clone(),
                modules: Vec::new(),
                uses: used_by(page, &place[0]),
            }),
            (2, Some(last)) => last.modules.push(name.replace(".rs", "").replace('/', "")),
            _ => {}
        }
        let inside = place[1..].iter().map(|part| format!("/{part}"));
        let source = if level > 1 { "/src" } else { "" };
        let path = format!("crates/{}{source}{}", place[0], inside.collect::<String>());
        picture.paths.push(path);
    }
    picture
}

/// The last column of the crate's row in the table: the folders of the crates that it uses.
fn used_by(page: &str, folder: &str) -> Vec<String> {
    let first = format!("| `crates/{folder}` |");
    let row = page.lines().find(|line| line.starts_with(&first));
    let last = row
        .and_then(|row| row.split('|').nth(4))
        .unwrap_or_default();
    let names = last.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}
