//! What OME-XML has no place for, kept in an annotation so that nothing is lost on the way from one
//! format to another: display windows, and the channels of interleaved samples.

use serde::{Deserialize, Serialize};

use crate::image::{Channel, Metadata};

/// The namespace of the annotation and of the element in it.
pub(super) const NAMESPACE: &str = "coverslip/metadata";
/// The element, and its attribute with the metadata as JSON.
pub(super) const ELEMENT: &str = "Metadata";
pub(super) const ATTRIBUTE: &str = "Json";

/// The content of the annotation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    metadata: Metadata,
}

impl Kept {
    /// What is to be kept of metadata whose channels stand in the XML or not; `None` if the XML
    /// tells everything.
    pub(super) fn of(metadata: &Metadata, has_channels: bool) -> Option<Kept> {
        let mut metadata = metadata.clone();
        for channel in &mut metadata.channels {
            let is_finite = |window: &[f64; 2]| window.iter().all(|value| value.is_finite());
            channel.window = channel.window.filter(is_finite);
        }
        let lacks_place = |channel: &Channel| {
            let wavelengths = [channel.excitation, channel.emission];
            channel.window.is_some() || wavelengths.iter().flatten().any(|value| *value <= 0.0)
        };
        let is_told = metadata.time_step.is_none_or(|step| step > 0.0)
            && metadata.name.as_deref() != Some("")
            && (has_channels || metadata.channels.is_empty())
            && !metadata.channels.iter().any(lacks_place);
        (!is_told).then_some(Kept { metadata })
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(text: &str) -> Option<Kept> {
        serde_json::from_str(text).ok()
    }

    /// Completes metadata that the XML gives, which somebody may have changed since.
    pub(super) fn complete(&self, metadata: &mut Metadata, channels: usize) {
        let kept = &self.metadata;
        if metadata.name.is_none() {
            metadata.name.clone_from(&kept.name);
        }
        metadata.pixel_size = metadata.pixel_size.or(kept.pixel_size);
        metadata.time_step = metadata.time_step.or(kept.time_step);
        metadata.numerical_aperture = metadata.numerical_aperture.or(kept.numerical_aperture);
        if kept.channels.len() != channels {
            return;
        }
        if metadata.channels.is_empty() {
            metadata.channels.clone_from(&kept.channels);
            return;
        }
        for (channel, kept) in metadata.channels.iter_mut().zip(&kept.channels) {
            if channel.name.is_empty() {
                channel.name.clone_from(&kept.name);
            }
            channel.color = channel.color.or(kept.color);
            channel.window = channel.window.or(kept.window);
            channel.excitation = channel.excitation.or(kept.excitation);
            channel.emission = channel.emission.or(kept.emission);
        }
    }
}
