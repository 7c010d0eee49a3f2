//! Smoothing and grey-scale morphology as steps.

use coverslip_algorithms::{
    AlgorithmError,
    exposure::normalize::EachPart,
    filters::{
        linear::{Gaussian, GaussianBlur},
        morphology::GrayMorphology,
    },
    transform::pad::Border,
};
use ndarray::{Array2, Array4, ArrayView2, Axis};

use super::{Applied, Change, Fitted, PreprocessStep};
use crate::base::error::Error;

/// Each channel by itself: the volume, or the plane of an image that has one section.
impl PreprocessStep for Gaussian {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        let is_plane = image.len_of(Axis(1)) == 1;
        smooth(self, is_plane, image)?;
        Ok(Applied::default())
    }

    fn fit_parts(
        &self,
        [_, depth, ..]: [usize; 4],
        _: &mut EachPart<'_, Error>,
    ) -> Result<Option<Fitted>, Error> {
        let is_plane = depth == 1;
        let reach = match self.halo(if is_plane { 2 } else { 3 })?[..] {
            [y, x] => [0, y, x],
            [z, y, x] => [z, y, x],
            _ => return Ok(None),
        };
        let step = self.clone();
        let apply = move |image: &mut Array4<f32>| smooth(&step, is_plane, image);
        Ok(local(Box::new(apply), reach, self.border))
    }
}

/// Whether the image is a plane is asked of the whole image: a part of a stack may have one section
/// too.
fn smooth(step: &Gaussian, is_plane: bool, image: &mut Array4<f32>) -> Result<(), AlgorithmError> {
    for mut channel in image.outer_iter_mut() {
        if is_plane {
            for mut plane in channel.outer_iter_mut() {
                let smooth = step.apply(&plane.view())?;
                plane.zip_mut_with(&smooth, |to, &from| *to = from as f32);
            }
        } else {
            let smooth = step.apply(&channel.view())?;
            channel.zip_mut_with(&smooth, |to, &from| *to = from as f32);
        }
    }
    Ok(())
}

/// Each section of each channel by itself.
impl PreprocessStep for GaussianBlur {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        each_plane(image, |plane| GaussianBlur::apply(self, plane))?;
        Ok(Applied::default())
    }

    fn fit_parts(
        &self,
        _: [usize; 4],
        _: &mut EachPart<'_, Error>,
    ) -> Result<Option<Fitted>, Error> {
        let reach = self.halo::<f32>()?;
        let step = self.clone();
        let change = move |plane: &ArrayView2<'_, f32>| GaussianBlur::apply(&step, plane);
        Ok(by_sections(change, reach, self.border))
    }
}

/// Each section of each channel by itself.
impl PreprocessStep for GrayMorphology {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        each_plane(image, |plane| GrayMorphology::apply(self, plane))?;
        Ok(Applied::default())
    }

    fn fit_parts(
        &self,
        _: [usize; 4],
        _: &mut EachPart<'_, Error>,
    ) -> Result<Option<Fitted>, Error> {
        let reach = self.halo()?;
        let step = self.clone();
        let change = move |plane: &ArrayView2<'_, f32>| GrayMorphology::apply(&step, plane);
        // Pixels outside never win, wherever the edge is.
        Ok(by_sections(change, reach, Border::Replicate))
    }
}

fn each_plane(
    image: &mut Array4<f32>,
    change: impl Fn(&ArrayView2<'_, f32>) -> Result<Array2<f32>, AlgorithmError>,
) -> Result<(), AlgorithmError> {
    for mut channel in image.outer_iter_mut() {
        for mut plane in channel.outer_iter_mut() {
            let changed = change(&plane.view())?;
            plane.assign(&changed);
        }
    }
    Ok(())
}

/// A filter of each section by itself.
fn by_sections(
    change: impl Fn(&ArrayView2<'_, f32>) -> Result<Array2<f32>, AlgorithmError> + Send + Sync + 'static,
    reach: usize,
    border: Border<f64>,
) -> Option<Fitted> {
    let apply = move |image: &mut Array4<f32>| each_plane(image, &change);
    local(Box::new(apply), [0, reach, reach], border)
}

/// A filter of the pixels within `reach`; none if it takes those of the opposite edge too.
fn local(apply: Change, reach: [usize; 3], border: Border<f64>) -> Option<Fitted> {
    (border != Border::Wrap).then_some(Fitted {
        apply,
        reach,
        warning: None,
        undo: None,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    #[test]
    fn one_section_is_a_plane_and_several_are_a_volume() {
        let mut plane = Array4::<f32>::zeros((1, 1, 9, 9));
        plane[[0, 0, 4, 4]] = 1.0;
        let mut stack = Array4::<f32>::zeros((1, 9, 9, 9));
        stack[[0, 4, 4, 4]] = 1.0;
        let step = Gaussian::default();
        PreprocessStep::apply(&step, &mut plane).unwrap();
        PreprocessStep::apply(&step, &mut stack).unwrap();
        assert!((plane.sum() - 1.0).abs() < 1e-5, "{}", plane.sum());
        assert!(stack[[0, 3, 4, 4]] > 0.01 && stack[[0, 4, 4, 4]] < plane[[0, 0, 4, 4]]);
    }

    #[test]
    fn a_filter_across_the_edges_needs_the_image_in_one_piece() {
        let step = Gaussian {
            border: Border::Wrap,
            ..Gaussian::default()
        };
        let fitted = step.fit_parts([1, 1, 9, 9], &mut |_| Ok(()));
        assert!(fitted.unwrap().is_none());
    }
}
