//! Configs: strict settings from a YAML file or a preset, checked before any work.
//!
//! A text becomes a [`Document`], a tree in which each value knows its line and column. The
//! [`Schema`] (the settings plus the registry's entries) then finds every fault at once, defaults
//! are filled in, and the tree becomes [`Settings`].

mod check;
mod complete;
mod cross_check;
mod document;
mod emit;
mod error;
mod fault;
mod key_path;
mod preset;
mod schema;
mod settings;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use document::{Document, Override};
pub use emit::to_yaml;
pub use error::{ConfigError, Faults};
pub use fault::{Fault, Origin};
pub use key_path::{KeyPath, KeyPathError, Segment};
pub use preset::Preset;
pub use schema::Schema;
pub use settings::{
    Blend, EarlyStopping, InitialWeights, Output, PredictSettings, Settings, TrainingSettings,
};

use serde_json::Value;

use crate::{framework::Needs, names::Named, registry::Registry};

/// Bytes that a config may have; a larger file is something else.
const MAX_BYTES: u64 = 4 << 20;

/// A config that has passed its check.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The settings with every default filled in and absolute paths.
    pub settings: Settings,
    /// Where they came from: the file as named, or `preset NAME`.
    pub source: String,
}

impl Config {
    /// Reads and checks a config.
    ///
    /// `path_or_preset` is the name of a preset or else a file; write `./name` for a file that is
    /// called like a preset. `overrides` are `KEY=VALUE` texts, see [`Override`], applied in order.
    /// Relative paths start at the folder of the file; those of presets and overrides at the
    /// working directory.
    ///
    /// # Errors
    /// [`ConfigError::NotFound`], [`ConfigError::Folder`], [`ConfigError::TooLarge`] or
    /// [`ConfigError::Read`] when there is nothing to read; [`ConfigError::Faults`] with all faults
    /// of the content.
    pub fn load(
        path_or_preset: &str,
        overrides: &[String],
        registry: &Registry,
    ) -> Result<Self, ConfigError> {
        if let Some(preset) = Preset::find(path_or_preset) {
            return Self::from_preset(preset, overrides, registry);
        }
        let bytes = read(path_or_preset)?;
        let folder = Path::new(path_or_preset).parent().unwrap_or(Path::new(""));
        let document = Document::parse_bytes(path_or_preset, &bytes);
        let document = document.map_err(|fault| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Faults::new(path_or_preset, text, vec![*fault])
        })?;
        Self::from_document(document, folder, overrides, registry)
    }

    /// Checks a preset with overrides.
    ///
    /// # Errors
    /// [`ConfigError::Faults`] as [`Config::load`].
    pub fn from_preset(
        preset: Preset,
        overrides: &[String],
        registry: &Registry,
    ) -> Result<Self, ConfigError> {
        let source = format!("preset {}", preset.name);
        Self::from_text(&source, preset.text, Path::new(""), overrides, registry)
    }

    /// Checks a text; `source` names it in messages, and its paths start at `folder`.
    ///
    /// # Errors
    /// [`ConfigError::Faults`] as [`Config::load`].
    ///
    /// # Example
    /// ```
    /// use coverslip::{config::Config, registry::Registry};
    ///
    /// let text = "
    /// data:
    ///   train: {source: images, target: masks}
    ///   target_kind: semantic
    /// network: unet
    /// loss: [dice]
    /// ";
    /// let registry = Registry::builtin()?;
    /// let overrides = ["training.epochs=3".to_owned()];
    /// let config = Config::from_text("text", text, "/data".as_ref(), &overrides, &registry)?;
    /// assert_eq!(config.settings.training.epochs, 3);
    ///
    /// let wrong = Config::from_text("text", &text.replace("unet", "unett"), "".as_ref(), &[], &registry);
    /// assert!(wrong.unwrap_err().to_string().contains("did you mean `unet`?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_text(
        source: &str,
        text: &str,
        folder: &Path,
        overrides: &[String],
        registry: &Registry,
    ) -> Result<Self, ConfigError> {
        let document = Document::parse(source, text)
            .map_err(|fault| Faults::new(source, text.to_owned(), vec![*fault]))?;
        Self::from_document(document, folder, overrides, registry)
    }

    fn from_document(
        mut document: Document,
        folder: &Path,
        overrides: &[String],
        registry: &Registry,
    ) -> Result<Self, ConfigError> {
        let schema = Schema::new(registry).requiring(needs(document.value(), registry));
        let mut faults = Vec::new();
        for argument in overrides {
            let applied =
                Override::parse(argument).and_then(|change| document.apply(&change, &schema));
            faults.extend(applied.err().map(|fault| *fault));
        }
        faults.extend(check::check(&document, &schema));
        if !faults.is_empty() {
            return Err(report(&document, faults).into());
        }
        let tree = complete::complete(&document, &schema, folder);
        let settings: Settings = serde_json::from_value(tree).map_err(|error| {
            // The check accepted it, so the key is unknown here; the cause still tells.
            let root = KeyPath::root();
            report(
                &document,
                vec![Fault::new(document.origin(&root), &root, error.to_string())],
            )
        })?;
        let faults = cross_check::cross_check(&settings, &document, registry);
        if !faults.is_empty() {
            return Err(report(&document, faults).into());
        }
        Ok(Self {
            settings,
            source: document.file().to_owned(),
        })
    }

    /// The settings as YAML with every default written out; reads back as the same settings.
    ///
    /// # Errors
    /// [`ConfigError::Write`] when a path is not UTF-8 or a number not finite; settings that were
    /// loaded have neither.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        let tree = serde_json::to_value(&self.settings).map_err(ConfigError::Write)?;
        Ok(to_yaml(&tree))
    }
}

/// What the config must name for its framework; of one that is not known, what most need.
fn needs(tree: &Value, registry: &Registry) -> Needs {
    let named = tree.get("framework").cloned();
    let named = named.and_then(|node| serde_json::from_value::<Named>(node).ok());
    let name = named.map_or_else(|| settings::default_framework().name, |named| named.name);
    let entry = registry.frameworks.get(&name);
    entry.map_or(Needs::default(), |entry| entry.build.needs())
}

fn report(document: &Document, faults: Vec<Fault>) -> Faults {
    Faults::new(document.file(), document.text().to_owned(), faults)
}

fn read(name: &str) -> Result<Vec<u8>, ConfigError> {
    let path = PathBuf::from(name);
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => ConfigError::not_found(name),
        _ => ConfigError::Read {
            path: path.clone(),
            source,
        },
    };
    let file = fs::File::open(&path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(ConfigError::Folder { path });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigError::TooLarge {
            path,
            limit: MAX_BYTES,
        });
    }
    Ok(bytes)
}
