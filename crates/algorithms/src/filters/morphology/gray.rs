//! Grey-scale operations.

use ndarray::{Array2, ArrayView2, Zip};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::element::{Element, StructuringElement};
use super::extremum::{GrayPixel, Greatest, Least, extremum};
use crate::AlgorithmError;

/// What is computed from erosions and dilations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrayOperation {
    /// The least value under the element.
    Erode,
    /// The greatest value under the element.
    Dilate,
    /// Dilation of the erosion: removes bright detail smaller than the element.
    #[default]
    Open,
    /// Erosion of the dilation: removes dark detail.
    Close,
    /// Dilation less erosion: outlines.
    Gradient,
    /// The image less its opening: the bright detail.
    Tophat,
    /// The closing less the image: the dark detail.
    Blackhat,
}

/// Grey-scale morphology of images `Y X`, as OpenCV's `morphologyEx`.
///
/// Pixels outside the image never win. Dilation uses the element as it is, not mirrored, which
/// differs from other libraries for even and asymmetric elements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GrayMorphology {
    /// What is computed.
    pub operation: GrayOperation,
    /// The structuring element.
    pub element: Element,
    /// How many times in a row the whole operation is applied.
    #[schemars(range(min = 1))]
    pub repeat: usize,
}

impl Default for GrayMorphology {
    fn default() -> Self {
        Self {
            operation: GrayOperation::Open,
            element: Element::default(),
            repeat: 1,
        }
    }
}

impl GrayMorphology {
    /// The result, of the image's shape.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for an element without pixels or a repeat of 0.
    pub fn apply<P: GrayPixel>(
        &self,
        image: &ArrayView2<'_, P>,
    ) -> Result<Array2<P>, AlgorithmError> {
        let element = self.element.build()?;
        if self.repeat == 0 {
            return Err(AlgorithmError::parameter("repeat", 0, "at least 1"));
        }
        let mut result = morph(image, &element, self.operation);
        for _ in 1..self.repeat {
            result = morph(&result.view(), &element, self.operation);
        }
        Ok(result)
    }

    /// How far the result depends on the image, in pixels.
    ///
    /// # Errors
    /// As [`GrayMorphology::apply`].
    pub fn halo(&self) -> Result<usize, AlgorithmError> {
        let passes = match self.operation {
            GrayOperation::Erode | GrayOperation::Dilate | GrayOperation::Gradient => 1,
            _ => 2,
        };
        Ok(self.element.build()?.reach() * passes * self.repeat)
    }
}

/// One grey-scale operation with an element of any form.
pub fn morph<P: GrayPixel>(
    image: &ArrayView2<'_, P>,
    element: &StructuringElement,
    operation: GrayOperation,
) -> Array2<P> {
    let erode = |image: &ArrayView2<'_, P>| extremum::<P, Least>(image, element);
    let dilate = |image: &ArrayView2<'_, P>| extremum::<P, Greatest>(image, element);
    match operation {
        GrayOperation::Erode => erode(image),
        GrayOperation::Dilate => dilate(image),
        GrayOperation::Open => dilate(&erode(image).view()),
        GrayOperation::Close => erode(&dilate(image).view()),
        GrayOperation::Gradient => less(dilate(image), &erode(image).view()),
        GrayOperation::Tophat => less(image.to_owned(), &dilate(&erode(image).view()).view()),
        GrayOperation::Blackhat => less(erode(&dilate(image).view()), image),
    }
}

fn less<P: GrayPixel>(mut from: Array2<P>, by: &ArrayView2<'_, P>) -> Array2<P> {
    Zip::from(&mut from)
        .and(by)
        .par_for_each(|from, &by| *from = from.difference(by));
    from
}
