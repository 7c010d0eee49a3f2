//! The XML of a CZI file.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::image::{Channel, Metadata};

/// Pixel sizes, channels, time step and objective. XML that is damaged gives what stands before
/// the damage.
pub(super) fn parse(xml: &str) -> Metadata {
    let mut found = Found::default();
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let mut item = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                path.push(element.name().as_ref().to_owned());
                let attribute = |name: &str| attribute(&element, name);
                match path.last().map(String::as_str) {
                    Some("Distance") => item = attribute("Id").unwrap_or_default(),
                    Some("Channel") => {
                        item = attribute("Id").unwrap_or_default();
                        found.channel(&path, &item, attribute("Name"));
                    }
                    _ => {}
                }
            }
            Ok(Event::End(_)) => {
                path.pop();
            }
            Ok(Event::Text(text)) => {
                found.value(&path, &item, text.trim());
            }
            Ok(Event::Eof) | Err(_) => return found.metadata,
            Ok(_) => {}
        }
    }
}

#[derive(Default)]
struct Found {
    metadata: Metadata,
    /// The identifiers of the channels.
    ids: Vec<String>,
}

impl Found {
    fn channel(&mut self, path: &[String], id: &str, name: Option<String>) {
        if ends(path, &["Image", "Dimensions", "Channels", "Channel"]) {
            self.ids.push(id.to_owned());
            let channel = Channel::named(name.unwrap_or_default());
            self.metadata.channels.push(channel);
        }
    }

    fn value(&mut self, path: &[String], item: &str, text: &str) {
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && *n > 0.0);
        let metadata = &mut self.metadata;
        if ends(path, &["Scaling", "Items", "Distance", "Value"]) {
            // Metres.
            let micrometres = number.map(|metres| metres * 1e6);
            match item {
                "X" => metadata.pixel_size.x = micrometres,
                "Y" => metadata.pixel_size.y = micrometres,
                "Z" => metadata.pixel_size.z = micrometres,
                _ => {}
            }
        } else if ends(path, &["T", "Positions", "Interval", "Increment"]) {
            metadata.time_step = number;
        } else if ends(path, &["Objectives", "Objective", "LensNA"]) {
            metadata.numerical_aperture = number;
        } else if let Some(at) = self.ids.iter().position(|id| id == item) {
            let channel = &mut metadata.channels[at];
            if ends(path, &["Channels", "Channel", "EmissionWavelength"]) {
                channel.emission = number;
            } else if ends(path, &["Channels", "Channel", "ExcitationWavelength"]) {
                channel.excitation = number;
            } else if ends(path, &["DisplaySetting", "Channels", "Channel", "Color"]) {
                channel.color = colour(text);
            }
        }
    }
}

fn attribute(element: &BytesStart, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value.into_owned())
}

fn ends(path: &[String], names: &[&str]) -> bool {
    path.len() >= names.len() && path[path.len() - names.len()..].iter().eq(names)
}

/// `#RRGGBB`, or `#AARRGGBB` with an opacity before.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_channels_and_colours_are_found_and_damage_is_no_panic() {
        let xml = r#"<ImageDocument><Metadata><Information><Image><Dimensions><Channels>
            <Channel Id="7" Name="DAPI"><EmissionWavelength>450</EmissionWavelength></Channel>
            </Channels></Dimensions></Image></Information><DisplaySetting><Channels>
            <Channel Id="7"><Color>#FF0102FE</Color></Channel></Channels></DisplaySetting>
            <Scaling><Items><Distance Id="X"><Value>2e-07</Value></Distance></Items></Scaling>
            </Metadata></ImageDocument>"#;
        let metadata = parse(xml);
        assert_eq!(metadata.channels[0].name, "DAPI");
        assert_eq!(metadata.channels[0].emission, Some(450.0));
        assert_eq!(metadata.channels[0].color, Some([1, 2, 254]));
        assert!((metadata.pixel_size.x.unwrap_or(0.0) - 0.2).abs() < 1e-12);
        for end in 0..xml.len() {
            parse(&xml[..end]);
        }
    }
}
