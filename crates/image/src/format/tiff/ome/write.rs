//! Writing OME-XML.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::kept::{ATTRIBUTE, ELEMENT, Kept, NAMESPACE};
use crate::axes::Axis;
use crate::dtype::DType;
use crate::image::Channel;
use crate::sink::Target;

/// What the pages of a file hold.
pub(in crate::format::tiff) struct Content<'a> {
    pub(in crate::format::tiff) path: &'a Path,
    pub(in crate::format::tiff) target: &'a Target,
    /// Samples a pixel.
    pub(in crate::format::tiff) samples: usize,
    pub(in crate::format::tiff) pages: usize,
    /// What distinguishes the pixels of this file from those of others.
    pub(in crate::format::tiff) digest: [u8; 32],
}

/// The name of a sample type in OME-XML; 64-bit whole numbers have none.
pub(in crate::format::tiff) fn type_name(dtype: DType) -> Option<&'static str> {
    match dtype {
        DType::Float32 => Some("float"),
        DType::Float64 => Some("double"),
        DType::UInt64 | DType::Int64 => None,
        other => Some(other.name()),
    }
}

/// The description of a file whose pages have sections fastest, then channels, then time points.
pub(in crate::format::tiff) fn write(content: &Content) -> String {
    let body = body(content);
    let id = document_id(content, &body);
    let creator = concat!("coverslip ", env!("CARGO_PKG_VERSION"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- Warning: this comment is an OME-XML metadata block, which contains crucial \
         dimensional parameters and other important metadata. Please edit cautiously (if at all), \
         and back up the original data before doing so. For more information, see the OME-TIFF \
         web site: https://docs.openmicroscopy.org/latest/ome-model/ome-tiff/. -->\n\
         <OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 \
         http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\" \
         UUID=\"urn:uuid:{id}\" Creator=\"{creator}\">{body}</OME>\n"
    )
}

/// An identifier that the same content always gets: a custom one (version 8) of RFC 9562.
fn document_id(content: &Content, body: &str) -> String {
    let name = content.path.file_name().unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(body.as_bytes());
    hash.update(name.as_encoded_bytes());
    hash.update(content.digest);
    let mut bytes: [u8; 16] = std::array::from_fn({
        let digest = hash.finalize();
        move |i| digest[i]
    });
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn body(content: &Content) -> String {
    let target = content.target;
    let metadata = &target.metadata;
    let (mut instrument, mut settings) = (String::new(), String::new());
    if let Some(aperture) = metadata.numerical_aperture.filter(|na| na.is_finite()) {
        instrument = format!(
            "<Instrument ID=\"Instrument:0\"><Objective ID=\"Objective:0:0\" LensNA=\"{aperture}\"/>\
             </Instrument>"
        );
        "<InstrumentRef ID=\"Instrument:0\"/><ObjectiveSettings ID=\"Objective:0:0\"/>"
            .clone_into(&mut settings);
    }
    let (annotation, reference) = annotation(content);
    let mut image = Element::new("Image").text("ID", "Image:0");
    if let Some(name) = &metadata.name {
        image = image.text("Name", name);
    }
    let planes = format!(
        "{}<TiffData IFD=\"0\" PlaneCount=\"{}\"/>",
        channels(content),
        content.pages
    );
    let pixels = pixels(content).around(&planes);
    instrument + &image.around(&(settings + &pixels + reference)) + &annotation
}

/// An element with what the rest has no place for, and the reference of the image to it.
fn annotation(content: &Content) -> (String, &'static str) {
    let Some(kept) = Kept::of(&content.target.metadata, content.samples == 1) else {
        return (String::new(), "");
    };
    let json = Element::new(ELEMENT)
        .text("xmlns", NAMESPACE)
        .text(ATTRIBUTE, &kept.to_json())
        .around("");
    let annotation = Element::new("XMLAnnotation")
        .text("ID", "Annotation:0")
        .text("Namespace", NAMESPACE)
        .around(&Element::new("Value").around(&json));
    let annotations = Element::new("StructuredAnnotations").around(&annotation);
    (annotations, "<AnnotationRef ID=\"Annotation:0\"/>")
}

fn pixels(content: &Content) -> Element {
    let target = content.target;
    let metadata = &target.metadata;
    let mut pixels = Element::new("Pixels")
        .text("ID", "Pixels:0")
        .text("DimensionOrder", "XYZCT")
        .text("Type", type_name(target.dtype).unwrap_or_default())
        .text("BigEndian", "false");
    if content.samples > 1 {
        pixels = pixels.text("Interleaved", "true");
    }
    for axis in [Axis::X, Axis::Y, Axis::Z, Axis::C, Axis::T] {
        let letter = axis.letter().to_ascii_uppercase();
        pixels = pixels.text(&format!("Size{letter}"), &target.len_of(axis).to_string());
    }
    let size = metadata.pixel_size.plausible();
    for (letter, size) in [('X', size.x), ('Y', size.y), ('Z', size.z)] {
        let key = format!("PhysicalSize{letter}");
        pixels = pixels.quantity(&key, size, "µm");
    }
    pixels.quantity("TimeIncrement", metadata.time_step, "s")
}

fn channels(content: &Content) -> String {
    let target = content.target;
    let count = target.len_of(Axis::C) / content.samples;
    let known = &target.metadata.channels;
    let labels = Channel::named("labels");
    let mut text = String::new();
    for index in 0..count {
        let mut channel = Element::new("Channel")
            .text("ID", &format!("Channel:0:{index}"))
            .text("SamplesPerPixel", &content.samples.to_string());
        let of_labels = Some(&labels).filter(|_| target.is_labels && known.is_empty());
        let known = known.get(index).filter(|_| content.samples == 1);
        if let Some(about) = known.or(of_labels) {
            channel = channel.about(about);
        }
        text += &channel.around("");
    }
    text
}

/// An element that is being written.
struct Element {
    name: &'static str,
    attributes: String,
}

impl Element {
    fn new(name: &'static str) -> Element {
        Element {
            name,
            attributes: String::new(),
        }
    }

    fn text(mut self, key: &str, value: &str) -> Element {
        let _ = write!(self.attributes, " {key}=\"{}\"", escaped(value));
        self
    }

    /// A positive number with its unit, if it is known.
    fn quantity(self, key: &str, value: Option<f64>, unit: &str) -> Element {
        match value.filter(|value| value.is_finite() && *value > 0.0) {
            Some(value) => self
                .text(key, &value.to_string())
                .text(&format!("{key}Unit"), unit),
            None => self,
        }
    }

    fn about(mut self, channel: &Channel) -> Element {
        if !channel.name.is_empty() {
            self = self.text("Name", &channel.name);
        }
        if let Some([red, green, blue]) = channel.color {
            let color = i32::from_be_bytes([red, green, blue, 255]);
            self = self.text("Color", &color.to_string());
        }
        self.quantity("ExcitationWavelength", channel.excitation, "nm")
            .quantity("EmissionWavelength", channel.emission, "nm")
    }

    fn around(self, inside: &str) -> String {
        let Element { name, attributes } = self;
        if inside.is_empty() {
            format!("<{name}{attributes}/>")
        } else {
            format!("<{name}{attributes}>{inside}</{name}>")
        }
    }
}

/// A text as an attribute's value; characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\r' => escaped += "&#13;",
            '\t' => escaped += "&#9;",
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}
