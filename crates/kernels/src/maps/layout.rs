//! How one map lies in memory.

use crate::{Extent, LANES, blocks};

/// The order of a map's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[N, C, Z, Y, X]`.
    Planar,
    /// `[N, C / 16, Z, Y, X, 16]`; the channels of the last block that do not exist are zero.
    Blocked,
}

/// The sizes of one map and the order of its values.
///
/// Both layouts are *planes* of pixels, one for each image and *unit* of channels; a unit is one
/// channel of a planar map and sixteen of a blocked one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapShape {
    /// Images and pixels.
    pub extent: Extent,
    /// Channels that exist.
    pub channels: usize,
    /// The order of the values.
    pub layout: Layout,
}

impl MapShape {
    /// A map `[N, C, Z, Y, X]`.
    pub fn planar(extent: Extent, channels: usize) -> Self {
        let layout = Layout::Planar;
        Self {
            extent,
            channels,
            layout,
        }
    }

    /// A map `[N, C / 16, Z, Y, X, 16]`.
    pub fn blocked(extent: Extent, channels: usize) -> Self {
        let layout = Layout::Blocked;
        Self {
            extent,
            channels,
            layout,
        }
    }

    /// A map as convolutions take and give it: planar below sixteen channels, else blocked.
    pub fn of(extent: Extent, channels: usize) -> Self {
        if channels < LANES {
            Self::planar(extent, channels)
        } else {
            Self::blocked(extent, channels)
        }
    }

    /// The same channels and images with other numbers of planes, rows and pixels.
    pub fn with_size(mut self, size: [usize; 3]) -> Self {
        self.extent.size = size;
        self
    }

    /// Values of the map, those of channels that do not exist included.
    pub fn len(&self) -> usize {
        self.planes() * self.plane_len()
    }

    /// Whether the map has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels that lie side by side: 1 or 16.
    pub fn lanes(&self) -> usize {
        match self.layout {
            Layout::Planar => 1,
            Layout::Blocked => LANES,
        }
    }

    /// Channels, or blocks of them.
    pub fn units(&self) -> usize {
        match self.layout {
            Layout::Planar => self.channels,
            Layout::Blocked => blocks(self.channels),
        }
    }

    pub(super) fn planes(&self) -> usize {
        self.extent.n * self.units()
    }

    pub(super) fn plane_len(&self) -> usize {
        self.extent.pixels() * self.lanes()
    }

    /// The channels of a unit that exist.
    pub(super) fn channels_of(&self, unit: usize) -> std::ops::Range<usize> {
        let first = unit * self.lanes();
        first..self.channels.min(first + self.lanes())
    }

    /// One vector for each image and unit, from values for each channel `[C]` or for each image and
    /// channel `[N, C]`: lane by lane for blocked maps, with zeros where there is no channel; the
    /// same value in all lanes for planar ones, whose vectors are sixteen pixels.
    ///
    /// # Panics
    ///
    /// When there are neither `C` nor `N C` values.
    pub(super) fn spread(&self, values: &[f32]) -> Vec<[f32; LANES]> {
        let is_shared = values.len() == self.channels;
        assert!(
            is_shared || values.len() == self.extent.n * self.channels,
            "{} values for {} channels of {} images",
            values.len(),
            self.channels,
            self.extent.n
        );
        let planes = (0..self.planes()).map(|plane| {
            let (image, unit) = (plane / self.units(), plane % self.units());
            let row = if is_shared { 0 } else { image * self.channels };
            match self.layout {
                Layout::Planar => [values[row + unit]; LANES],
                Layout::Blocked => {
                    let mut lanes = [0.0; LANES];
                    for (lane, channel) in lanes.iter_mut().zip(self.channels_of(unit)) {
                        *lane = values[row + channel];
                    }
                    lanes
                }
            }
        });
        planes.collect()
    }
}
