//! A tiny study: three images with masks, a config, and what can be done with them.

use std::path::PathBuf;

use coverslip_image::{Axes, Image, Pixels, write_image};
use ndarray::{ArrayD, IxDyn};

use crate::command::{Bench, Outcome};

/// Trains within a second.
pub(crate) const CONFIG: &str = "\
data:
  train: {source: images, target: masks}
  validation: 0.34
  target_kind: semantic
  preprocess: [percentile]
  patch: {size: [16, 16]}
network:
  unet: {base: 4, depth: 1}
loss: [cross_entropy]
training: {epochs: 2, patches_per_epoch: 4, batch_size: 2, validation_patches: 2, sample_pictures: 1}
postprocess: [argmax]
";

/// The names of the images.
pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// A folder with `images`, `masks` and `run.yaml`.
pub(crate) struct Study(Bench);

impl Study {
    /// Images and config, nothing trained.
    pub(crate) fn new() -> Self {
        let study = Self(Bench::new());
        study.write("run.yaml", CONFIG);
        for folder in ["images", "masks"] {
            study.folder(folder);
        }
        for (index, name) in NAMES.into_iter().enumerate() {
            let picture = square([32, 32], index, 40, 200);
            study.image(&format!("images/{name}.tif"), "yx", picture);
            let mask = square([32, 32], index, 0, 1);
            study.image(&format!("masks/{name}.tif"), "yx", mask);
        }
        study
    }

    /// A study with the finished run `run`.
    pub(crate) fn trained() -> Self {
        let study = Self::new();
        let outcome = study.run(&["train", "run.yaml", "--quiet"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        study
    }

    /// The path of something in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.0.write(name, content);
    }

    /// The content of a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Makes a folder.
    pub(crate) fn folder(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    /// Replaces a passage of a file, which must have it.
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let text = String::from_utf8(self.read(name)).unwrap();
        assert!(text.contains(old), "{text}");
        self.write(name, text.replace(old, new));
    }

    /// Cuts a file to the given number of bytes.
    pub(crate) fn truncate(&self, name: &str, bytes: usize) {
        self.write(name, &self.read(name)[..bytes]);
    }

    /// Writes an image.
    pub(crate) fn image(&self, name: &str, axes: &str, pixels: Pixels) {
        let image = Image::new(pixels, axes.parse::<Axes>().unwrap()).unwrap();
        write_image(self.path(name), &image).unwrap();
    }

    /// The names of all files of a folder, also of hidden ones, in order.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// All files below a folder with their contents.
    pub(crate) fn contents(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        for name in self.list(folder) {
            let name = format!("{folder}/{name}");
            let path = self.path(&name);
            if path.is_dir() {
                files.extend(self.contents(&name));
            } else {
                files.push((path, self.read(&name)));
            }
        }
        files
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.0.run(arguments)
    }

    /// Runs the command; exit code and both streams.
    pub(crate) fn transcript(&self, arguments: &[&str]) -> String {
        self.0.transcript(arguments)
    }

    /// Runs the command; the exit code and standard error, speeds and losses left out.
    pub(crate) fn fault(&self, arguments: &[&str]) -> String {
        let Outcome { code, stderr, .. } = self.run(arguments);
        let text = format!("exit {code}\n{}", without_numbers(&stderr));
        // The list of losses grows.
        text.replace(&losses(), "LOSSES")
    }
}

/// The names of all losses, as messages list them.
fn losses() -> String {
    let registry = coverslip::registry::Registry::builtin().unwrap();
    registry.losses.names().collect::<Vec<_>>().join(", ")
}

/// Leaves out what differs between machines: `epoch 1/2: training loss 0.7, ...`.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let is_epoch = line.starts_with("epoch ");
        let kept = if is_epoch {
            line.split(':').next()
        } else {
            None
        };
        steady += kept.unwrap_or(line);
        steady += "\n";
    }
    steady
}

/// A square on a background, at a place of its own for each `index`.
pub(crate) fn square(size: [usize; 2], index: usize, background: u8, inside: u8) -> Pixels {
    let start = 4 + 5 * index;
    let pixels = ArrayD::from_shape_fn(IxDyn(&size), |place| {
        let is_inside = (0..2).all(|axis| (start..start + 10).contains(&place[axis]));
        if is_inside { inside } else { background }
    });
    Pixels::U8(pixels)
}
