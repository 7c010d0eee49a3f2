//! Colours of stained tissue (Macenko et al. 2009).

use ndarray::{Array2, Array3, ArrayView1, ArrayView3, Axis, arr1, s};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::percentiles;
use crate::AlgorithmError;
use crate::eigen::symmetric_eigen;

/// Brings images of tissue stained with hematoxylin and eosin to the same two colours and
/// concentrations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Macenko {
    /// Intensity of light that meets no tissue.
    pub light: f64,
    /// Percentile of the angles that makes the stains' directions, with 100 minus it; 0 to 50.
    pub alpha: f64,
    /// Least optical density, in every colour, of a pixel that counts as tissue.
    pub beta: f64,
    /// Colours to bring the stains to: rows red, green, blue; columns hematoxylin, eosin.
    pub reference: [[f64; 2]; 3],
    /// Concentrations to bring the 99th percentiles to: hematoxylin, eosin.
    pub reference_maximum: [f64; 2],
}

impl Default for Macenko {
    fn default() -> Self {
        Self {
            light: 240.0,
            alpha: 1.0,
            beta: 0.15,
            reference: [[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]],
            reference_maximum: [1.9705, 1.0308],
        }
    }
}

/// Why an image was left as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoStains {
    /// Fewer than 3 pixels are tissue.
    NoTissue {
        /// How many.
        pixels: usize,
    },
    /// The two stains' colours are the same, or one of them colours nothing.
    OneStain {
        /// Condition number of the colours, above 10^6.
        condition: f64,
    },
}

/// The stains of an image, and the image in the reference's colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Stains {
    /// Colours of the stains: rows red, green, blue; columns hematoxylin, eosin; of length 1.
    pub matrix: Array2<f64>,
    /// 99th percentile of each concentration in the image.
    pub maximum: [f64; 2],
    /// Concentrations, `[2, Y, X]`, over their 99th percentile and times the reference's.
    pub concentrations: Array3<f64>,
    options: Macenko,
}

impl Macenko {
    /// Separates the stains of an 8-bit image `[3, Y, X]` in red, green and blue.
    ///
    /// An image without tissue, or of one stain, has no stains to separate: leave it as it is and
    /// say so.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for another number of colours or settings outside their
    /// ranges, [`AlgorithmError::Empty`] for an image without pixels.
    pub fn separate(
        &self,
        image: &ArrayView3<'_, u8>,
    ) -> Result<Result<Stains, NoStains>, AlgorithmError> {
        self.check()?;
        let (colours, height, width) = image.dim();
        if colours != 3 {
            let expected = "3 (red, green, blue)";
            return Err(AlgorithmError::parameter(
                "the number of colours",
                colours,
                expected,
            ));
        }
        if image.is_empty() {
            return Err(AlgorithmError::Empty { what: "the image" });
        }
        let table: Vec<f64> = (0..=255_u8)
            .map(|value| -((f64::from(value) + 1.0) / self.light).ln())
            .collect();
        let density = Array2::from_shape_vec(
            (3, height * width),
            image
                .iter()
                .map(|&value| table[usize::from(value)])
                .collect(),
        );
        let density = density.map_err(|_| AlgorithmError::Empty { what: "the image" })?;
        let matrix = match self.colours(&density)? {
            Ok(matrix) => matrix,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut concentrations = least_squares(&matrix, &density);
        let mut maximum = [0.0; 2];
        for (most, stain) in maximum.iter_mut().zip(concentrations.outer_iter()) {
            [*most] = percentiles(&stain.into_dyn(), [99.0])?;
        }
        if maximum.iter().any(|&most| most <= 0.0) {
            let condition = f64::INFINITY;
            return Ok(Err(NoStains::OneStain { condition }));
        }
        for (stain, mut values) in concentrations.outer_iter_mut().enumerate() {
            values *= self.reference_maximum[stain] / maximum[stain];
        }
        let Ok(concentrations) = concentrations.into_shape_with_order((2, height, width)) else {
            return Err(AlgorithmError::Empty { what: "the image" });
        };
        Ok(Ok(Stains {
            matrix,
            maximum,
            concentrations,
            options: self.clone(),
        }))
    }

    /// The stains' colours from the plane of the tissue's two largest components.
    fn colours(
        &self,
        density: &Array2<f64>,
    ) -> Result<Result<Array2<f64>, NoStains>, AlgorithmError> {
        let is_tissue = |pixel: ArrayView1<'_, f64>| pixel.iter().all(|&od| od >= self.beta);
        let pixels = density.axis_iter(Axis(1)).enumerate();
        let kept: Vec<usize> = pixels
            .filter(|(_, pixel)| is_tissue(*pixel))
            .map(|(index, _)| index)
            .collect();
        if kept.len() < 3 {
            return Ok(Err(NoStains::NoTissue { pixels: kept.len() }));
        }
        let tissue = density.select(Axis(1), &kept);
        let plane = plane(&tissue);
        let projected = plane.t().dot(&tissue);
        let angles = projected.map_axis(Axis(0), |point| point[1].atan2(point[0]));
        let ends = percentiles(&angles.view().into_dyn(), [self.alpha, 100.0 - self.alpha])?;
        let [a, b] = ends.map(|angle| plane.dot(&arr1(&[angle.cos(), angle.sin()])));
        let (hematoxylin, eosin) = if a[0] > b[0] { (a, b) } else { (b, a) };
        let condition = condition(hematoxylin.dot(&eosin));
        if condition > 1e6 {
            return Ok(Err(NoStains::OneStain { condition }));
        }
        let mut matrix = Array2::zeros((3, 2));
        matrix.column_mut(0).assign(&hematoxylin);
        matrix.column_mut(1).assign(&eosin);
        Ok(Ok(matrix))
    }

    fn check(&self) -> Result<(), AlgorithmError> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(self.light) {
            return Err(AlgorithmError::parameter("light", self.light, "above 0"));
        }
        if !(0.0..50.0).contains(&self.alpha) {
            return Err(AlgorithmError::parameter(
                "alpha",
                self.alpha,
                "0 to below 50",
            ));
        }
        if !self.beta.is_finite() {
            return Err(AlgorithmError::parameter(
                "beta",
                self.beta,
                "a finite number",
            ));
        }
        let numbers = self
            .reference
            .iter()
            .flatten()
            .chain(&self.reference_maximum);
        match numbers.copied().find(|value| !value.is_finite()) {
            Some(value) => Err(AlgorithmError::parameter(
                "reference",
                value,
                "finite numbers",
            )),
            None => Ok(()),
        }
    }
}

impl Stains {
    /// The image in the reference's colours, before it is cut to 8 bits.
    pub fn normalized_values(&self) -> Array3<f64> {
        self.mix(&[0, 1])
    }

    /// The image in the reference's colours, `[3, Y, X]`. Values above 255 become 254, as in the
    /// reference implementation, and fractions are cut off.
    pub fn normalized(&self) -> Array3<u8> {
        cut(&self.mix(&[0, 1]))
    }

    /// What hematoxylin alone would look like.
    pub fn hematoxylin(&self) -> Array3<u8> {
        cut(&self.mix(&[0]))
    }

    /// What eosin alone would look like.
    pub fn eosin(&self) -> Array3<u8> {
        cut(&self.mix(&[1]))
    }

    fn mix(&self, stains: &[usize]) -> Array3<f64> {
        let (_, height, width) = self.concentrations.dim();
        let mut image = Array3::zeros((3, height, width));
        for (mut plane, colour) in image.outer_iter_mut().zip(self.options.reference) {
            for &stain in stains {
                plane.scaled_add(
                    -colour[stain],
                    &self.concentrations.slice(s![stain, .., ..]),
                );
            }
            plane.mapv_inplace(|exponent| self.options.light * f64::exp(exponent));
        }
        image
    }
}

fn cut(values: &Array3<f64>) -> Array3<u8> {
    values.mapv(|value| if value > 255.0 { 254 } else { value as u8 })
}

/// Second and first component of the tissue, as columns. The signs make their results the same
/// everywhere.
fn plane(tissue: &Array2<f64>) -> Array2<f64> {
    let count = tissue.ncols() as f64;
    let centred = tissue - &(tissue.sum_axis(Axis(1)) / count).insert_axis(Axis(1));
    let covariance = centred.dot(&centred.t()) / (count - 1.0);
    let (_, vectors) = symmetric_eigen(&covariance);
    let mut plane = vectors.slice(s![.., 1..3]).to_owned();
    if plane[[0, 0]] < 0.0 {
        plane.column_mut(0).mapv_inplace(|value| -value);
    }
    if plane.column(1).sum() < 0.0 {
        plane.column_mut(1).mapv_inplace(|value| -value);
    }
    plane
}

/// Condition number of two unit vectors with this inner product.
fn condition(inner: f64) -> f64 {
    ((1.0 + inner.abs()) / (1.0 - inner.abs()).max(0.0)).sqrt()
}

/// Concentrations whose mixture is nearest to each column, by orthogonalising the two colours.
fn least_squares(matrix: &Array2<f64>, density: &Array2<f64>) -> Array2<f64> {
    let (a, b) = (matrix.column(0), matrix.column(1));
    let first = &a / a.dot(&a).sqrt();
    let overlap = first.dot(&b);
    let rest = &b - &(&first * overlap);
    let length = rest.dot(&rest).sqrt();
    let eosin = rest.dot(density) / (length * length);
    let hematoxylin = (first.dot(density) - &eosin * overlap) / a.dot(&a).sqrt();
    ndarray::stack![Axis(0), hematoxylin, eosin]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_two_stains_are_told() {
        let options = Macenko::default();
        let glass = Array3::from_elem((3, 4, 4), 250_u8);
        let found = options.separate(&glass.view()).unwrap();
        assert_eq!(found, Err(NoStains::NoTissue { pixels: 0 }));
        let flat = Array3::from_elem((3, 4, 4), 90_u8);
        let found = options.separate(&flat.view()).unwrap();
        assert!(matches!(found, Err(NoStains::OneStain { .. })));
    }

    #[test]
    fn faults_are_named() {
        let image = Array3::from_elem((3, 4, 4), 90_u8);
        let default = Macenko::default;
        for options in [
            Macenko {
                light: 0.0,
                ..default()
            },
            Macenko {
                alpha: 50.0,
                ..default()
            },
            Macenko {
                beta: f64::NAN,
                ..default()
            },
            Macenko {
                reference_maximum: [f64::INFINITY, 1.0],
                ..default()
            },
        ] {
            assert!(options.separate(&image.view()).is_err(), "{options:?}");
        }
        let grey = Array3::from_elem((1, 4, 4), 90_u8);
        assert!(default().separate(&grey.view()).is_err());
        let empty = Array3::from_elem((3, 0, 4), 90_u8);
        assert!(default().separate(&empty.view()).is_err());
    }
}
