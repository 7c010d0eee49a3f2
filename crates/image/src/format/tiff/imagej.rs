//! The description that ImageJ and Fiji write into the first page of a stack.
//!
//! Lines of `key=value`. Channels are fastest, then sections, then time points.

use super::arrangement::Arrangement;
use crate::axes::Axis;
use crate::image::{PixelSize, micrometres_per};

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
        Some(Hyperstack {
            images: count("images").unwrap_or(1),
            channels: count("channels").unwrap_or(1),
            slices: count("slices").unwrap_or(1),
            frames: count("frames").unwrap_or(1),
            micrometres: value("unit").and_then(micrometres_per),
            spacing: value("spacing").and_then(|text| text.parse().ok()),
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
        pages: &[usize],
        resolution: [Option<f64>; 2],
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
            pixel_size: self.pixel_size(resolution),
            channel_names: self.channel_names.clone(),
            ..stack
        })
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
                        unit=\\u00B5m\nspacing=0.4\nloop=false\n";

    #[test]
    fn counts_unit_and_spacing_are_read() {
        let stack = Hyperstack::parse(TEXT).unwrap();
        let stack = stack
            .arrange(&[0, 1, 2, 3, 4, 5], [Some(4.0), Some(2.0)])
            .unwrap();
        assert_eq!(stack.lengths, [1, 2, 3]);
        assert_eq!(stack.page([0, 1, 2]), Some(5));
        assert_eq!(
            stack.pixel_size,
            PixelSize {
                z: Some(0.4),
                y: Some(0.5),
                x: Some(0.25)
            }
        );
    }

    #[test]
    fn counts_that_do_not_fit_make_a_plain_stack() {
        let stack = Hyperstack::parse(TEXT).unwrap();
        assert_eq!(
            stack.arrange(&[0, 1, 2, 3], [None; 2]).unwrap().lengths,
            [1, 1, 4]
        );
    }

    #[test]
    fn another_description_is_not_taken() {
        assert_eq!(Hyperstack::parse("a photo\nimages=3"), None);
    }

    #[test]
    fn a_stack_without_a_unit_has_no_pixel_size() {
        let stack = Hyperstack::parse("ImageJ=1.0\nspacing=2\nunit=pixel\n").unwrap();
        let stack = stack.arrange(&[0], [Some(1.0), Some(1.0)]).unwrap();
        assert_eq!(stack.pixel_size, PixelSize::default());
    }
}
