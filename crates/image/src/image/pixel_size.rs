//! Physical pixel sizes.

use serde::{Deserialize, Serialize};

/// The distance between neighbouring pixels in micrometres; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PixelSize {
    /// Between sections.
    pub z: Option<f64>,
    /// Between rows.
    pub y: Option<f64>,
    /// Between columns.
    pub x: Option<f64>,
}

impl PixelSize {
    /// Keeps only the sizes that can be true: finite and above zero.
    pub(crate) fn plausible(self) -> PixelSize {
        let check = |size: Option<f64>| size.filter(|um| um.is_finite() && *um > 0.0);
        PixelSize {
            z: check(self.z),
            y: check(self.y),
            x: check(self.x),
        }
    }

    /// Fills what is unknown here from `other`.
    pub(crate) fn or(self, other: PixelSize) -> PixelSize {
        PixelSize {
            z: self.z.or(other.z),
            y: self.y.or(other.y),
            x: self.x.or(other.x),
        }
    }
}

/// How many micrometres one unit of length has, by the names and symbols found in image files.
pub(crate) fn micrometres_per(unit: &str) -> Option<f64> {
    // Both code points for the micro sign are in use; ImageJ writes the escape sequence.
    match unit.trim() {
        "µm" | "μm" | "um" | "\\u00B5m" | "micron" | "microns" | "micrometer" | "micrometre" => {
            Some(1.0)
        }
        "nm" | "nanometer" | "nanometre" => Some(1e-3),
        "pm" => Some(1e-6),
        "Å" => Some(1e-4),
        "mm" | "millimeter" | "millimetre" => Some(1e3),
        "cm" | "centimeter" | "centimetre" => Some(1e4),
        "m" | "meter" | "metre" => Some(1e6),
        "in" | "inch" => Some(25_400.0),
        _ => None,
    }
}
