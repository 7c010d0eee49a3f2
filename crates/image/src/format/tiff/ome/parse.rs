//! Reading OME-XML.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::kept::{ATTRIBUTE, ELEMENT, Kept, NAMESPACE};
use super::units::{micrometres, nanometres, seconds};
use super::{Ome, OmeImage, PlaneMap};
use crate::axes::Axis;
use crate::image::{Channel, PixelSize};

impl Ome {
    /// Reads the XML.
    ///
    /// # Errors
    ///
    /// Says what breaks the rules of XML or of OME.
    pub(in crate::format::tiff) fn parse(text: &str) -> Result<Ome, String> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut ome = Ome::default();
        // Elements of the same names elsewhere, such as `ROI/Union`, are outside of images.
        let (mut is_in_image, mut is_in_uuid) = (false, false);
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) => {
                    match element.local_name().as_ref() {
                        "Image" => {
                            is_in_image = true;
                            ome.images.push(OmeImage {
                                name: attribute(&element, "Name").filter(|name| !name.is_empty()),
                                ..OmeImage::default()
                            });
                        }
                        "UUID" => is_in_uuid = true,
                        _ => {}
                    }
                    ome.element(&element, is_in_image)?;
                }
                Ok(Event::Empty(element)) => ome.element(&element, is_in_image)?,
                Ok(Event::Text(text)) if is_in_uuid => ome.uuid_text(&text),
                Ok(Event::End(element)) => match element.local_name().as_ref() {
                    "Image" => is_in_image = false,
                    "UUID" => is_in_uuid = false,
                    _ => {}
                },
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(error) => return Err(format!("its OME-XML: {error}")),
            }
        }
        ome.images.retain(|image| !image.order.is_empty());
        if ome.images.is_empty() && ome.companion.is_none() {
            return Err("its OME-XML has no Pixels element".to_owned());
        }
        Ok(ome)
    }

    fn element(&mut self, element: &BytesStart, is_in_image: bool) -> Result<(), String> {
        let name = element.local_name();
        let name = name.as_ref();
        match name {
            "OME" => self.uuid = attribute(element, "UUID"),
            ELEMENT if attribute(element, "xmlns").as_deref() == Some(NAMESPACE) => {
                self.kept = attribute(element, ATTRIBUTE).and_then(|text| Kept::from_json(&text));
            }
            "BinaryOnly" => self.companion = attribute(element, "MetadataFile"),
            "Objective" => {
                let aperture = attribute(element, "LensNA").and_then(|text| text.parse().ok());
                self.apertures
                    .extend(attribute(element, "ID").zip(aperture));
            }
            _ => {}
        }
        let is_first = self.images.len() <= 1;
        match self.images.last_mut().filter(|_| is_in_image) {
            // A fault in another image is no reason to refuse the first.
            Some(image) => image
                .element(element, name)
                .or_else(|fault| if is_first { Err(fault) } else { Ok(()) }),
            None => Ok(()),
        }
    }

    fn uuid_text(&mut self, text: &str) {
        let image = self.images.last_mut();
        if let Some(map) = image.and_then(|image| image.plane_maps.last_mut()) {
            map.uuid = Some(text.trim().to_owned());
        }
    }
}

impl OmeImage {
    fn element(&mut self, element: &BytesStart, name: &str) -> Result<(), String> {
        match name {
            "Pixels" => self.pixels(element)?,
            "Channel" => self.channels.push(channel(element)),
            "ObjectiveSettings" => self.objective = attribute(element, "ID"),
            "TiffData" => {
                let count = |key| whole(element, key);
                let first = |key| count(key).unwrap_or(0);
                self.plane_maps.push(PlaneMap {
                    page: count("IFD"),
                    first: [first("FirstT"), first("FirstC"), first("FirstZ")],
                    count: count("PlaneCount"),
                    file: None,
                    uuid: None,
                });
            }
            "UUID" => {
                if let Some(map) = self.plane_maps.last_mut() {
                    map.file = attribute(element, "FileName");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn pixels(&mut self, element: &BytesStart) -> Result<(), String> {
        let order = attribute(element, "DimensionOrder").unwrap_or_default();
        let planes = order.strip_prefix("XY").unwrap_or_default();
        let mut axes = Vec::new();
        for letter in planes.chars() {
            let axis = Axis::from_letter(letter).filter(|axis| !matches!(axis, Axis::X | Axis::Y));
            let length = whole(element, &format!("Size{letter}"));
            match (axis, length) {
                (Some(axis), Some(length)) if !axes.iter().any(|&(other, _)| other == axis) => {
                    axes.push((axis, length));
                }
                _ => axes.clear(),
            }
        }
        if axes.len() != 3 {
            return Err(format!(
                "its OME-XML has the dimension order `{order}` without the three sizes for it"
            ));
        }
        self.order = axes;
        let size = |axis: char| quantity(element, &format!("PhysicalSize{axis}"), micrometres);
        self.pixel_size = PixelSize {
            z: size('Z'),
            y: size('Y'),
            x: size('X'),
        };
        self.time_step = quantity(element, "TimeIncrement", seconds).filter(|step| *step > 0.0);
        Ok(())
    }
}

fn channel(element: &BytesStart) -> Channel {
    let color = attribute(element, "Color").and_then(|text| text.parse::<i64>().ok());
    Channel {
        name: attribute(element, "Name").unwrap_or_default(),
        // Red, green, blue and alpha as the bytes of a signed number.
        color: color.map(|color| {
            let [red, green, blue, _] = (color as u32).to_be_bytes();
            [red, green, blue]
        }),
        window: None,
        excitation: quantity(element, "ExcitationWavelength", nanometres),
        emission: quantity(element, "EmissionWavelength", nanometres),
    }
}

/// A number with the unit that the attribute of the same name and `Unit` gives.
fn quantity(
    element: &BytesStart,
    key: &str,
    convert: fn(f64, Option<&str>) -> Option<f64>,
) -> Option<f64> {
    let value = attribute(element, key)?.trim().parse().ok()?;
    let unit = attribute(element, &format!("{key}Unit"));
    convert(value, unit.as_deref()).filter(|value| value.is_finite())
}

fn attribute(element: &BytesStart, key: &str) -> Option<String> {
    let attribute = element.try_get_attribute(key).ok()??;
    attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(Cow::into_owned)
}

fn whole(element: &BytesStart, key: &str) -> Option<usize> {
    attribute(element, key)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0"?><OME UUID="urn:uuid:1">
        <Instrument ID="Instrument:0"><Objective ID="Objective:0" LensNA="1.4"/></Instrument>
        <Image Name="a &amp; b"><ObjectiveSettings ID="Objective:0"/>
        <Pixels DimensionOrder="XYCZT" SizeX="9" SizeY="8" SizeZ="3" SizeC="2" SizeT="1"
         PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeZ="1.5" TimeIncrement="500"
         TimeIncrementUnit="ms">
        <Channel Name="DAPI" Color="65535" EmissionWavelength="461"/><Channel Color="-16776961"/>
        <TiffData IFD="1" FirstZ="2"><UUID FileName="b.tif">urn:uuid:2</UUID></TiffData>
        </Pixels></Image><Image><Pixels DimensionOrder="XYZCT"/></Image></OME>"#;

    #[test]
    fn everything_about_an_image_is_read() {
        assert!(Ome::is_ome(XML));
        let ome = Ome::parse(XML).unwrap();
        assert_eq!(ome.images.len(), 1);
        let image = &ome.images[0];
        assert_eq!(image.name.as_deref(), Some("a & b"));
        assert_eq!(image.pixel_size.x, Some(0.25));
        assert_eq!(image.pixel_size.z, Some(1.5));
        assert_eq!(image.time_step, Some(0.5));
        assert_eq!(ome.aperture(image), Some(1.4));
        assert_eq!(image.channels[0].name, "DAPI");
        assert_eq!(image.channels[0].color, Some([0, 0, 255]));
        assert_eq!(image.channels[0].emission, Some(461.0));
        assert_eq!(image.channels[1].color, Some([255, 0, 0]));
        let map = &image.plane_maps[0];
        assert_eq!((map.page, map.first, map.count), (Some(1), [0, 0, 2], None));
        assert_eq!(map.file.as_deref(), Some("b.tif"));
        assert_eq!(map.uuid.as_deref(), Some("urn:uuid:2"));
    }

    #[test]
    fn a_companion_is_named() {
        let text = r#"<OME UUID="urn:uuid:3"><BinaryOnly MetadataFile="a.companion.ome"/></OME>"#;
        assert!(Ome::is_ome(text));
        let ome = Ome::parse(text).unwrap();
        assert_eq!(ome.companion.as_deref(), Some("a.companion.ome"));
    }

    #[test]
    fn missing_sizes_and_broken_xml_are_faults() {
        let pixels = r#"<OME><Image><Pixels DimensionOrder="XYZ"/></Image></OME>"#;
        assert!(
            Ome::parse(pixels)
                .unwrap_err()
                .contains("dimension order `XYZ`")
        );
        assert!(Ome::parse("<OME><Pixels").is_err());
    }
}
