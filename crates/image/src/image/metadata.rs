//! What a file knows about an image beyond its pixels.

use serde::{Deserialize, Serialize};

use super::PixelSize;

/// Physical sizes, times and channels of an image, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The name of the image inside its file, if it has one.
    pub name: Option<String>,
    /// The size of a pixel in micrometres.
    pub pixel_size: PixelSize,
    /// Seconds between time points.
    pub time_step: Option<f64>,
    /// The numerical aperture of the objective.
    pub numerical_aperture: Option<f64>,
    /// One entry a channel, or none at all.
    pub channels: Vec<Channel>,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channel {
    /// Its name; empty if it has none.
    pub name: String,
    /// The colour it is shown in: red, green, blue.
    pub color: Option<[u8; 3]>,
    /// The intensities that are shown as black and as full colour.
    pub window: Option<[f64; 2]>,
    /// Excitation wavelength in nanometres.
    pub excitation: Option<f64>,
    /// Emission wavelength in nanometres.
    pub emission: Option<f64>,
}

impl Channel {
    /// A channel of which only the name is known.
    pub fn named(name: impl Into<String>) -> Channel {
        Channel {
            name: name.into(),
            ..Channel::default()
        }
    }
}

impl Metadata {
    /// The names of the channels in their order; empty if no channel has a name.
    pub fn channel_names(&self) -> Vec<&str> {
        let names: Vec<&str> = self
            .channels
            .iter()
            .map(|channel| channel.name.as_str())
            .collect();
        if names.iter().all(|name| name.is_empty()) {
            return Vec::new();
        }
        names
    }

    /// Gives channels of which only the names are known.
    pub fn with_channel_names(mut self, names: Vec<String>) -> Metadata {
        self.channels = names.into_iter().map(Channel::named).collect();
        self
    }
}
