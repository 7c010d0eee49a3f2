//! What OME-Zarr has no place for, kept in the attribute `coverslip` so that nothing is lost on the
//! way from one format to another.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::image::Metadata;

/// The content of the attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::format::zarr) struct Extra {
    #[serde(skip_serializing_if = "Option::is_none")]
    numerical_aperture: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels: Vec<ExtraChannel>,
    /// Whether the name was made up from that of the file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    name_is_assumed: bool,
}

/// The same for a channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct ExtraChannel {
    #[serde(skip_serializing_if = "Option::is_none")]
    excitation: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emission: Option<f64>,
    /// Whether the colour is only there because `omero` demands one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    color_is_assumed: bool,
    /// The same for the window.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    window_is_assumed: bool,
}

impl Extra {
    /// What is to be kept of an image's metadata.
    pub(in crate::format::zarr) fn of(metadata: &Metadata) -> Extra {
        let channels = metadata.channels.iter().map(|channel| ExtraChannel {
            excitation: channel.excitation,
            emission: channel.emission,
            color_is_assumed: channel.color.is_none(),
            window_is_assumed: channel.window.is_none(),
        });
        Extra {
            numerical_aperture: metadata.numerical_aperture,
            channels: channels.collect(),
            name_is_assumed: metadata.name.is_none(),
        }
    }

    /// The content of the attribute; nothing if it is absent or not of this form.
    pub(in crate::format::zarr) fn read(attributes: &Value) -> Extra {
        Extra::deserialize(&attributes["coverslip"]).unwrap_or_default()
    }

    /// The attribute.
    pub(in crate::format::zarr) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Completes metadata that were read.
    pub(in crate::format::zarr) fn complete(&self, metadata: &mut Metadata) {
        metadata.numerical_aperture = metadata.numerical_aperture.or(self.numerical_aperture);
        if self.name_is_assumed {
            metadata.name = None;
        }
        if self.channels.len() != metadata.channels.len() {
            return;
        }
        for (channel, extra) in metadata.channels.iter_mut().zip(&self.channels) {
            channel.excitation = extra.excitation;
            channel.emission = extra.emission;
            if extra.color_is_assumed {
                channel.color = None;
            }
            if extra.window_is_assumed {
                channel.window = None;
            }
        }
    }
}
