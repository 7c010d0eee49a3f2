//! The OME-XML in the first page of an OME-TIFF file, by the OME model 2016-06.
//!
//! Read are for each image its axes, pixel sizes, time step, channels, objective and the map from
//! planes to the pages of one or several files.

mod arrange;
mod kept;
mod parse;
mod units;
mod write;

pub(super) use arrange::{Resolver, beside};
pub(super) use write::{Content, type_name, write};

use kept::Kept;

use crate::axes::Axis;
use crate::image::{Channel, PixelSize};

/// What the XML says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ome {
    /// The identifier of this file.
    uuid: Option<String>,
    /// The file that has the description of this one.
    pub(super) companion: Option<String>,
    pub(super) images: Vec<OmeImage>,
    /// Numerical apertures by the names of the objectives.
    apertures: Vec<(String, f64)>,
    /// What an annotation of this program says about the first image.
    kept: Option<Kept>,
}

/// One image of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OmeImage {
    pub(super) name: Option<String>,
    /// The axes of the planes, fastest first, with their lengths; channels count samples.
    order: Vec<(Axis, usize)>,
    pixel_size: PixelSize,
    time_step: Option<f64>,
    channels: Vec<Channel>,
    plane_maps: Vec<PlaneMap>,
    /// The name of its objective.
    objective: Option<String>,
}

/// One `TiffData` element.
#[derive(Clone, Debug, Default, PartialEq)]
struct PlaneMap {
    page: Option<usize>,
    /// Time point, channel and section of the first plane.
    first: [usize; 3],
    count: Option<usize>,
    file: Option<String>,
    uuid: Option<String>,
}

impl Ome {
    /// Whether a description is OME-XML.
    pub(super) fn is_ome(text: &str) -> bool {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        start.starts_with('<')
            && text.contains("<OME")
            && (text.contains("<Pixels") || text.contains("<BinaryOnly"))
    }

    /// The numerical aperture of an image's objective.
    pub(super) fn aperture(&self, image: &OmeImage) -> Option<f64> {
        let name = image.objective.as_ref()?;
        let found = self
            .apertures
            .iter()
            .find(|(objective, _)| objective == name);
        found.map(|&(_, aperture)| aperture)
    }
}
