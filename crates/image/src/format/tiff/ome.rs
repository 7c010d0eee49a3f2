//! The OME-XML in the first page of an OME-TIFF file.
//!
//! Read are the first `Image`'s axes, pixel sizes, channel names and the map from planes to
//! pages. An image that is spread over several files is refused.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::arrangement::Arrangement;
use crate::axes::Axis;
use crate::image::{PixelSize, micrometres_per};

/// What the XML says about the first image.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ome {
    /// The axes of the planes, fastest first, with their lengths; channels count samples.
    order: Vec<(Axis, usize)>,
    pixel_size: PixelSize,
    channel_names: Vec<String>,
    plane_maps: Vec<PlaneMap>,
    /// Names of the files that hold planes, where the XML gives them.
    files: Vec<String>,
}

/// One `TiffData` element.
#[derive(Clone, Debug, Default, PartialEq)]
struct PlaneMap {
    page: Option<usize>,
    first: [usize; 3],
    count: Option<usize>,
}

/// Why the XML cannot be followed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OmeFault {
    /// It breaks the rules of XML or of OME.
    Malformed(String),
    /// The image continues in other files.
    SeveralFiles(String),
}

impl Ome {
    /// Whether a description is OME-XML.
    pub(super) fn is_ome(text: &str) -> bool {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        start.starts_with('<') && text.contains("<OME") && text.contains("<Pixels")
    }

    /// Reads the XML.
    pub(super) fn parse(text: &str) -> Result<Ome, OmeFault> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut ome = Ome::default();
        loop {
            match reader.read_event() {
                Ok(Event::Start(element) | Event::Empty(element)) => ome.element(&element)?,
                Ok(Event::End(element)) if element.local_name().as_ref() == "Image" => break,
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(error) => return Err(OmeFault::Malformed(format!("its OME-XML: {error}"))),
            }
        }
        if ome.order.len() == 3 {
            Ok(ome)
        } else {
            Err(OmeFault::Malformed(
                "its OME-XML has no Pixels element".to_owned(),
            ))
        }
    }

    fn element(&mut self, element: &BytesStart) -> Result<(), OmeFault> {
        match element.local_name().as_ref() {
            "Pixels" => self.pixels(element),
            "Channel" => {
                self.channel_names.extend(text(element, "Name"));
                Ok(())
            }
            "TiffData" => {
                let count = |key| number(element, key);
                let first = |key| count(key).unwrap_or(0);
                self.plane_maps.push(PlaneMap {
                    page: count("IFD"),
                    first: [first("FirstT"), first("FirstC"), first("FirstZ")],
                    count: count("PlaneCount"),
                });
                Ok(())
            }
            "UUID" => {
                self.files.extend(text(element, "FileName"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn pixels(&mut self, element: &BytesStart) -> Result<(), OmeFault> {
        let order = text(element, "DimensionOrder").unwrap_or_default();
        let planes = order.strip_prefix("XY").unwrap_or_default();
        let mut axes = Vec::new();
        for letter in planes.chars() {
            let axis = Axis::from_letter(letter).filter(|axis| !matches!(axis, Axis::X | Axis::Y));
            let length = number(element, &format!("Size{letter}"));
            match (axis, length) {
                (Some(axis), Some(length)) if !axes.iter().any(|&(other, _)| other == axis) => {
                    axes.push((axis, length));
                }
                _ => axes.clear(),
            }
        }
        if axes.len() != 3 {
            return Err(OmeFault::Malformed(format!(
                "its OME-XML has the dimension order `{order}` without the three sizes for it"
            )));
        }
        self.order = axes;
        let size = |axis: char| {
            let value: f64 = text(element, &format!("PhysicalSize{axis}"))?
                .parse()
                .ok()?;
            let unit = text(element, &format!("PhysicalSize{axis}Unit"));
            Some(value * unit.map_or(Some(1.0), |unit| micrometres_per(&unit))?)
        };
        self.pixel_size = PixelSize {
            z: size('Z'),
            y: size('Y'),
            x: size('X'),
        };
        Ok(())
    }

    /// Lays out the pages of a file of this name with `samples` samples a page.
    pub(super) fn arrange(
        &self,
        pages: usize,
        samples: usize,
        file_name: &str,
    ) -> Result<Arrangement, OmeFault> {
        if let Some(other) = self.files.iter().find(|&name| name != file_name) {
            return Err(OmeFault::SeveralFiles(other.clone()));
        }
        let channels = self
            .order
            .iter()
            .find(|(axis, _)| *axis == Axis::C)
            .map_or(1, |(_, n)| *n);
        if channels % samples != 0 {
            return Err(OmeFault::Malformed(format!(
                "its OME-XML has {channels} channels, its pages {samples} samples a pixel"
            )));
        }
        let order: Vec<(Axis, usize)> = self
            .order
            .iter()
            .map(|&(axis, n)| (axis, if axis == Axis::C { n / samples } else { n }))
            .collect();
        let mut stack = self.planes(&order, pages)?;
        stack.pixel_size = self.pixel_size;
        stack.channel_names.clone_from(&self.channel_names);
        Ok(stack)
    }

    fn planes(&self, order: &[(Axis, usize)], pages: usize) -> Result<Arrangement, OmeFault> {
        let length = |wanted| {
            order
                .iter()
                .find(|(axis, _)| *axis == wanted)
                .map_or(1, |(_, n)| *n)
        };
        let lengths = [length(Axis::T), length(Axis::C), length(Axis::Z)];
        let mut stack = Arrangement::blank(lengths).ok_or_else(|| {
            OmeFault::Malformed(format!(
                "its OME-XML has {} time points, {} channels and {} sections",
                lengths[0], lengths[1], lengths[2]
            ))
        })?;
        let everything = [PlaneMap::default()];
        let maps = if self.plane_maps.is_empty() {
            &everything
        } else {
            &self.plane_maps[..]
        };
        for map in maps {
            let count = map
                .count
                .unwrap_or(if map.page.is_some() { 1 } else { pages });
            let mut index = map.first;
            for page in (map.page.unwrap_or(0)..pages).take(count) {
                stack.set(index, page);
                advance(&mut index, order);
            }
        }
        Ok(stack)
    }
}

/// The next plane in the order of the file; `[t, c, z]`.
fn advance(index: &mut [usize; 3], order: &[(Axis, usize)]) {
    for &(axis, length) in order {
        let position = match axis {
            Axis::T => 0,
            Axis::C => 1,
            _ => 2,
        };
        index[position] += 1;
        if index[position] < length {
            return;
        }
        index[position] = 0;
    }
    // Behind the last plane there is none; pages that are left over belong to nothing.
    *index = [usize::MAX; 3];
}

fn text(element: &BytesStart, key: &str) -> Option<String> {
    let attribute = element.try_get_attribute(key).ok()??;
    attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(Cow::into_owned)
}

fn number(element: &BytesStart, key: &str) -> Option<usize> {
    text(element, key)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(order: &str, inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><OME><Image><Pixels DimensionOrder=\"{order}\" SizeX=\"9\" \
             SizeY=\"8\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" PhysicalSizeX=\"250\" \
             PhysicalSizeXUnit=\"nm\" PhysicalSizeZ=\"1.5\">{inside}</Pixels></Image>\
             <Image><Pixels DimensionOrder=\"XYZCT\"/></Image></OME>"
        )
    }

    #[test]
    fn axes_sizes_and_names_of_the_first_image_are_read() {
        let text = xml(
            "XYCZT",
            "<Channel Name=\"DAPI\"/><Channel Name=\"a &amp; b\"/>",
        );
        assert!(Ome::is_ome(&text));
        let stack = Ome::parse(&text).unwrap().arrange(6, 1, "a.tif").unwrap();
        assert_eq!(stack.lengths, [1, 2, 3]);
        assert_eq!(stack.page([0, 1, 0]), Some(1));
        assert_eq!(stack.page([0, 0, 1]), Some(2));
        assert_eq!(stack.channel_names, ["DAPI", "a & b"]);
        assert_eq!(
            stack.pixel_size,
            PixelSize {
                z: Some(1.5),
                y: None,
                x: Some(0.25)
            }
        );
    }

    #[test]
    fn plane_maps_are_followed_and_what_they_leave_out_is_blank() {
        let maps =
            "<TiffData IFD=\"0\" FirstZ=\"2\" FirstC=\"1\"/><TiffData IFD=\"1\" PlaneCount=\"2\"/>";
        let stack = Ome::parse(&xml("XYZCT", maps))
            .unwrap()
            .arrange(3, 1, "a.tif")
            .unwrap();
        assert_eq!(stack.page([0, 1, 2]), Some(0));
        assert_eq!(stack.page([0, 0, 0]), Some(1));
        assert_eq!(stack.page([0, 0, 1]), Some(2));
        assert_eq!(stack.page([0, 0, 2]), None);
    }

    #[test]
    fn samples_of_a_page_are_channels() {
        let stack = Ome::parse(&xml("XYCZT", ""))
            .unwrap()
            .arrange(3, 2, "a.tif")
            .unwrap();
        assert_eq!(stack.lengths, [1, 1, 3]);
    }

    #[test]
    fn other_files_and_missing_sizes_are_faults() {
        let maps = "<TiffData><UUID FileName=\"b.tif\">urn:uuid:0</UUID></TiffData>";
        let ome = Ome::parse(&xml("XYZCT", maps)).unwrap();
        assert_eq!(
            ome.arrange(6, 1, "a.tif"),
            Err(OmeFault::SeveralFiles("b.tif".to_owned()))
        );
        assert!(ome.arrange(6, 1, "b.tif").is_ok());
        assert!(matches!(
            Ome::parse(&xml("XYZ", "")),
            Err(OmeFault::Malformed(_))
        ));
        assert!(matches!(
            Ome::parse("<OME><Pixels"),
            Err(OmeFault::Malformed(_))
        ));
    }
}
