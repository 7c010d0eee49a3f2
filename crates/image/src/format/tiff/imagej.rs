//! The description that ImageJ and Fiji write into the first page of a stack.
//!
//! Lines of `key=value`. Channels are fastest, then sections, then time points.

mod blocks;

pub(super) use blocks::Blocks;

use super::arrangement::{Arrangement, Plane};
use crate::axes::Axis;
use crate::image::{Channel, Metadata, PixelSize, micrometres_per};

/// The key under which we keep channel names, as a JSON list; other programs pass over it.
pub(super) const CHANNEL_NAMES: &str = "coverslip.channels";

/// What an ImageJ description says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hyperstack {
    /// The number of planes of the whole stack.
    pub(super) images: usize,
    channels: usize,
    slices: usize,
    frames: usize,
    micrometres: Option<f64>,
    spacing: Option<f64>,
    time_step: Option<f64>,
    /// The intensities shown as black and white.
    window: Option<[f64; 2]>,
    channel_names: Vec<String>,
}

impl Hyperstack {
    /// Reads a description; `None` if ImageJ did not write it.
    pub(super) fn parse(text: &str) -> Option<Hyperstack> {
        if !text.starts_with("ImageJ=") {
            return None;
        }
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(str::trim)
        };
        let count = |key| value(key).and_then(|text| text.parse().ok());
        let number = |key| value(key).and_then(|text| text.parse::<f64>().ok());
        let seconds = match value("tunit") {
            Some("ms" | "msec") => 1e-3,
            Some("min" | "minute") => 60.0,
            Some("h" | "hour") => 3600.0,
            _ => 1.0,
        };
        Some(Hyperstack {
            images: count("images").unwrap_or(1),
            channels: count("channels").unwrap_or(1),
            slices: count("slices").unwrap_or(1),
            frames: count("frames").unwrap_or(1),
            micrometres: value("unit").and_then(micrometres_per),
            spacing: number("spacing"),
            time_step: number("finterval")
                .map(|interval| interval * seconds)
                .filter(|step| step.is_finite() && *step > 0.0),
            window: number("min")
                .zip(number("max"))
                .map(|(min, max)| [min, max]),
            channel_names: value(CHANNEL_NAMES)
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default(),
        })
    }

    /// Lays out the pages; `None` if the counts do not fit the file.
    ///
    /// `resolution` is the number of pixels per unit along x and y.
    pub(super) fn arrange(
        &self,
        pages: &[Plane],
        resolution: [Option<f64>; 2],
        blocks: &Blocks,
    ) -> Option<Arrangement> {
        let order = [
            (Axis::C, self.channels),
            (Axis::Z, self.slices),
            (Axis::T, self.frames),
        ];
        let counted = self
            .channels
            .checked_mul(self.slices)?
            .checked_mul(self.frames)?;
        // Old versions give only the number of images: then they are sections.
        let stack = if counted == pages.len() {
            Arrangement::filled(&order, pages)?
        } else {
            Arrangement::filled(&[(Axis::Z, pages.len())], pages)?
        };
        Some(Arrangement {
            metadata: Metadata {
                pixel_size: self.pixel_size(resolution),
                time_step: self.time_step,
                channels: self.channels(stack.lengths[1], blocks),
                ..Metadata::default()
            },
            ..stack
        })
    }

    /// What is known about each channel; nothing if nothing is known about any.
    fn channels(&self, count: usize, blocks: &Blocks) -> Vec<Channel> {
        let is_named = self.channel_names.len() == count;
        let has_colours = blocks.colours.len() == count && count > 1;
        let has_windows = blocks.windows.len() == count;
        if !(is_named || has_colours || has_windows || count == 1 && self.window.is_some()) {
            // Pages of colours have more channels than the description counts.
            return self.channel_names.iter().map(Channel::named).collect();
        }
        let channel = |index: usize| Channel {
            name: self.channel_names.get(index).cloned().unwrap_or_default(),
            color: has_colours.then(|| blocks.colours[index]),
            window: if has_windows {
                Some(blocks.windows[index])
            } else {
                self.window.filter(|_| count == 1)
            },
            ..Channel::default()
        };
        (0..count).map(channel).collect()
    }

    fn pixel_size(&self, [x, y]: [Option<f64>; 2]) -> PixelSize {
        let Some(micrometres) = self.micrometres else {
            return PixelSize::default();
        };
        PixelSize {
            z: self.spacing.map(|spacing| spacing.abs() * micrometres),
            y: y.map(|per_unit| micrometres / per_unit),
            x: x.map(|per_unit| micrometres / per_unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ImageJ=1.53f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\n\
                        unit=\\u00B5m\nspacing=0.4\nfinterval=2.5\nloop=false\n";

    fn arrange(text: &str, pages: usize, resolution: [Option<f64>; 2]) -> Arrangement {
        let planes: Vec<Plane> = (0..pages).map(Plane::of).collect();
        let stack = Hyperstack::parse(text).unwrap();
        stack
            .arrange(&planes, resolution, &Blocks::default())
            .unwrap()
    }

    #[test]
    fn counts_unit_and_spacing_are_read() {
        let stack = arrange(TEXT, 6, [Some(4.0), Some(2.0)]);
        assert_eq!(stack.lengths, [1, 2, 3]);
        assert_eq!(stack.planes[stack.position([0, 1, 2])], Some(Plane::of(5)));
        let size = PixelSize {
            z: Some(0.4),
            y: Some(0.5),
            x: Some(0.25),
        };
        assert_eq!(stack.metadata.pixel_size, size);
        assert_eq!(stack.metadata.time_step, Some(2.5));
    }

    #[test]
    fn counts_that_do_not_fit_make_a_plain_stack() {
        assert_eq!(arrange(TEXT, 4, [None; 2]).lengths, [1, 1, 4]);
    }

    #[test]
    fn another_description_is_not_taken() {
        assert_eq!(Hyperstack::parse("a photo\nimages=3"), None);
    }

    #[test]
    fn a_stack_without_a_unit_has_no_pixel_size() {
        let stack = arrange("ImageJ=1.0\nspacing=2\nunit=pixel\n", 1, [Some(1.0); 2]);
        assert_eq!(stack.metadata.pixel_size, PixelSize::default());
    }
}
