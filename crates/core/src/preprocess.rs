//! Steps that an image takes before the network sees it.

use coverslip_image::{AlgorithmError, normalize::Normalization};
use ndarray::Array4;

/// A deterministic change of a whole image `[C, Z, Y, X]`, made before patches or tiles are cut.
pub trait PreprocessStep: Send + Sync {
    /// Changes the image in place; gives what the user should be warned of, if anything.
    ///
    /// # Errors
    ///
    /// When the step is not defined for this image, e.g. no value of it is finite.
    fn apply(&self, image: &mut Array4<f32>) -> Result<Option<String>, AlgorithmError>;
}

impl PreprocessStep for Normalization {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Option<String>, AlgorithmError> {
        let scaling = self.fit_channels(&image.view().into_dyn())?;
        scaling.apply(&mut image.view_mut().into_dyn())?;
        let constant = scaling.is_constant();
        Ok(
            constant
                .then(|| "all pixels have the same value: it carries no information".to_owned()),
        )
    }
}

/// Takes an image through steps in their order; gives the warnings.
///
/// # Errors
///
/// The first step's that fails.
pub fn apply_all(
    steps: &[Box<dyn PreprocessStep>],
    image: &mut Array4<f32>,
) -> Result<Vec<String>, AlgorithmError> {
    let mut warnings = Vec::new();
    for step in steps {
        warnings.extend(step.apply(image)?);
    }
    Ok(warnings)
}
