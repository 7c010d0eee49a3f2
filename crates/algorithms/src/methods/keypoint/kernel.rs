//! Kernels that key points stand for.

use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;

/// Largest side of a kernel, in pixels.
const LARGEST_SIDE: usize = 1023;

/// What a microscope's optics do to a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Optics {
    /// Numerical aperture.
    pub na: f64,
    /// Wavelength of the light that is seen, in micrometres.
    pub wavelength_um: f64,
    /// Size of a pixel, in micrometres.
    pub pixel_um: f64,
    /// Side of the kernel, an odd number of pixels; if not given, five standard deviations of the
    /// Gaussian fit.
    pub size: Option<usize>,
}

impl Default for Optics {
    fn default() -> Self {
        Self {
            na: 1.4,
            wavelength_um: 0.6,
            pixel_um: 0.08,
            size: None,
        }
    }
}

impl Optics {
    /// Standard deviation, in pixels, of the Gaussian nearest to the Airy pattern:
    /// `0.225 wavelength / NA` (Zhang et al. 2007, 2D paraxial).
    pub fn sigma(&self) -> f64 {
        0.225 * self.wavelength_um / self.na / self.pixel_um
    }

    fn side(&self) -> usize {
        let derived = 2.0 * (2.5 * self.sigma()).ceil() + 1.0;
        self.size.unwrap_or(derived as usize)
    }

    fn check(&self) -> Result<(), AlgorithmError> {
        for (name, value) in [
            ("na", self.na),
            ("wavelength_um", self.wavelength_um),
            ("pixel_um", self.pixel_um),
        ] {
            if !(value.is_finite() && value > 0.0) {
                let expected = "a finite number above 0";
                return Err(AlgorithmError::parameter(name, value, expected));
            }
        }
        check_side(self.side())
    }
}

/// What a key point becomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// All pixels alike.
    Mean {
        /// Side, an odd number of pixels.
        size: usize,
    },
    /// A Gaussian, for drawings and where the optics are not known.
    Gaussian {
        /// Side, an odd number of pixels.
        size: usize,
        /// Standard deviation in pixels; if not given, OpenCV's for the size.
        sigma: Option<f64>,
    },
    /// The Airy pattern `(2 J1(v) / v)^2`, `v = 2 pi NA r / wavelength`, at the pixels' centres.
    Airy(Optics),
    /// The Gaussian nearest to the Airy pattern.
    AiryGaussian(Optics),
}

impl Default for Kernel {
    fn default() -> Self {
        Self::Gaussian {
            size: 5,
            sigma: None,
        }
    }
}

impl Kernel {
    /// The kernel, `[side, side]`, of sum 1.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a side that is even or above 1023, or settings outside
    /// their ranges.
    pub fn weights(&self) -> Result<Array2<f64>, AlgorithmError> {
        let (side, value): (usize, Box<dyn Fn(f64) -> f64>) = match *self {
            Self::Mean { size } => (size, Box::new(|_| 1.0)),
            Self::Gaussian { size, sigma } => {
                // OpenCV's rule for a size alone.
                let sigma = sigma.unwrap_or(0.15 * size as f64 + 0.35);
                if !(sigma.is_finite() && sigma > 0.0) {
                    let expected = "a finite number above 0";
                    return Err(AlgorithmError::parameter("sigma", sigma, expected));
                }
                (size, Box::new(move |square| gaussian(square, sigma)))
            }
            Self::Airy(optics) => {
                optics.check()?;
                (optics.side(), Box::new(move |square| airy(square, &optics)))
            }
            Self::AiryGaussian(optics) => {
                optics.check()?;
                let sigma = optics.sigma();
                (
                    optics.side(),
                    Box::new(move |square| gaussian(square, sigma)),
                )
            }
        };
        check_side(side)?;
        let middle = (side / 2) as f64;
        let weights = Array2::from_shape_fn((side, side), |(y, x)| {
            value((y as f64 - middle).powi(2) + (x as f64 - middle).powi(2))
        });
        let sum = weights.sum();
        Ok(weights / sum)
    }
}

fn check_side(side: usize) -> Result<(), AlgorithmError> {
    if side % 2 == 1 && side <= LARGEST_SIDE {
        return Ok(());
    }
    let expected = format!("an odd number of at most {LARGEST_SIDE} pixels");
    Err(AlgorithmError::parameter(
        "the kernel's size",
        side,
        expected,
    ))
}

/// `square` is the squared distance from the middle, in pixels.
fn gaussian(square: f64, sigma: f64) -> f64 {
    (-square / (2.0 * sigma * sigma)).exp()
}

fn airy(square: f64, optics: &Optics) -> f64 {
    let distance = square.sqrt() * optics.pixel_um;
    let v = std::f64::consts::TAU * optics.na * distance / optics.wavelength_um;
    if v < 1e-9 {
        return 1.0;
    }
    (2.0 * libm::j1(v) / v).powi(2)
}
