//! What a model package says of itself: `model.yaml`.

use std::{collections::BTreeMap, path::Path};

use coverslip_nets::NetworkIo;
use serde::{Deserialize, Serialize};

use crate::{
    config::{PredictSettings, Settings},
    data::TargetScale,
    model::Tiling,
    names::{Named, TargetKind},
    weights::weights_file::WeightsFile,
};

/// The version of the package format that this program writes and reads.
pub const FORMAT_VERSION: u64 = 1;

/// Side of a tile where neither package nor command says.
const DEFAULT_TILE_PIXELS: usize = 512;

/// What `model.yaml` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Version of the package format.
    pub format_version: u64,
    /// What happens in a prediction.
    pub framework: Named,
    /// The network.
    pub network: Named,
    /// Whether convolutions add their products up directly.
    #[serde(default)]
    pub exact_conv: bool,
    /// What the network connects.
    pub io: NetworkIo,
    /// Order of the network's axes.
    pub axes: String,
    /// Channels of the source images that are used, from 0; all when absent.
    pub channels: Option<Vec<usize>>,
    /// What an image goes through before the network.
    pub preprocess: Vec<Named>,
    /// What the target was.
    pub target: TargetRecord,
    /// How large images are cut and joined.
    pub predict: PredictSettings,
    /// What the output goes through.
    pub postprocess: Vec<Named>,
    /// Where the weights come from.
    pub training: TrainingRecord,
}

/// What the network learned to give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRecord {
    /// What the target images held.
    pub kind: TargetKind,
    /// The names of the classes, background first; empty for images.
    pub class_names: Vec<String>,
    /// What the targets went through before training; values are on that scale.
    pub preprocess: Vec<Named>,
    /// Whose intensities the values have.
    #[serde(default)]
    pub scale: TargetScale,
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// Version of coverslip.
    pub coverslip_version: String,
    /// When training ended, UTC.
    pub date: String,
    /// The seed of all random draws.
    pub seed: u64,
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch whose weights these are.
    pub best_epoch: usize,
    /// The training images.
    pub data: DataRecord,
    /// Scores on the validation patches after that epoch.
    pub scores: BTreeMap<String, f64>,
    /// The weights that it started from; of imported weights, which no training followed, all there
    /// is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<Origin>,
}

/// A file that weights were taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Its name, or the model package's.
    pub file: String,
    /// SHA-256 of the file of weights.
    pub sha256: String,
    /// The entry of the file that held them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What was taken off their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<String>,
}

impl Origin {
    /// What was read from a file.
    pub fn new(path: &Path, found: &WeightsFile) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self {
            file: name.to_string_lossy().into_owned(),
            sha256: found.sha256.clone(),
            key: found.choice.key.clone(),
            strip: found.choice.strip.clone(),
        }
    }
}

/// Which images a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// Number of training images.
    pub training_images: usize,
    /// Number of validation images.
    pub validation_images: usize,
    /// SHA-256 over names and contents of all training and validation files, sources and targets,
    /// in the order of the names.
    pub fingerprint: String,
}

impl Description {
    /// The description of a model that `settings` trained.
    pub fn new(settings: &Settings, io: NetworkIo, training: TrainingRecord) -> Self {
        let data = &settings.data;
        Self {
            format_version: FORMAT_VERSION,
            framework: settings.framework.clone(),
            network: settings.network.clone(),
            exact_conv: settings.exact_conv,
            io,
            axes: if io.dimensions == 2 { "cyx" } else { "czyx" }.to_owned(),
            channels: data.channels.clone(),
            preprocess: data.preprocess.clone(),
            target: TargetRecord {
                kind: data.target_kind,
                class_names: class_names(settings),
                preprocess: data.target_preprocess.clone(),
                scale: data.target_scale,
            },
            predict: PredictSettings {
                tile: Some(
                    settings
                        .predict
                        .tile
                        .clone()
                        .unwrap_or(data.patch.size.clone()),
                ),
                ..settings.predict.clone()
            },
            postprocess: settings.postprocess.clone(),
            training,
        }
    }

    /// What a file may say that no training writes.
    pub(super) fn check(&self) -> Result<(), String> {
        let axes = self.io.dimensions;
        if !matches!(axes, 2 | 3) {
            return Err(format!("`io.dimensions` is {axes}, expected 2 or 3"));
        }
        if let Some(tile) = &self.predict.tile
            && (tile.len() != axes || tile.contains(&0))
        {
            return Err(format!(
                "`predict.tile` is {tile:?}, expected {axes} sizes of at least 1 pixel"
            ));
        }
        let overlap = self.predict.overlap;
        if !(0.0..1.0).contains(&overlap) {
            return Err(format!(
                "`predict.overlap` is {overlap}, expected a number from 0 to below 1"
            ));
        }
        if self
            .channels
            .as_ref()
            .is_some_and(|channels| channels.len() != self.io.in_channels)
        {
            return Err("`channels` does not have `io.in_channels` items".to_owned());
        }
        Ok(())
    }

    /// How large images are cut and joined.
    pub fn tiling(&self) -> Tiling {
        let tile = self.predict.tile_zyx();
        Tiling {
            tile: tile.unwrap_or([1, DEFAULT_TILE_PIXELS, DEFAULT_TILE_PIXELS]),
            overlap: self.predict.overlap,
            blend: self.predict.blend,
        }
    }

    /// Names for `channels` output channels: the classes where there are as many, else none.
    pub fn output_names(&self, channels: usize) -> Vec<String> {
        let names = &self.target.class_names;
        if names.len() == channels {
            names.clone()
        } else {
            Vec::new()
        }
    }
}

/// The names of the classes, made up where the config gives none; empty for image targets.
fn class_names(settings: &Settings) -> Vec<String> {
    let data = &settings.data;
    if !data.class_names.is_empty() {
        return data.class_names.clone();
    }
    let name = |class: usize| match (class, data.target_kind) {
        (0, _) => "background".to_owned(),
        (1, TargetKind::Instance) => "inside".to_owned(),
        (2, TargetKind::Instance) => "border".to_owned(),
        (class, _) => format!("class {class}"),
    };
    (0..data.class_count().unwrap_or(0)).map(name).collect()
}
