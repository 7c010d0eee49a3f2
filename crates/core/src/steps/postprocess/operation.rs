//! Operations on labels as steps of post-processing.

use coverslip_image::{Axes, Axis, Image, Pixels};
use ndarray::Array3;

use super::{PostprocessError, PostprocessStep, Prediction};
use crate::steps::operation::{Operation, OperationError, Product};

/// A classical operation on labels as a step.
pub(crate) struct OnLabels {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

impl PostprocessStep for OnLabels {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = self.name;
        let labels = prediction.into_labels(step)?;
        let failed = |error| PostprocessError::of_operation(step, error);
        let image = to_image(labels).map_err(failed)?;
        match (self.operation)(&[image]).map_err(failed)? {
            Product::Image(image) => image
                .to_labels_zyx()
                .map(Prediction::Labels)
                .map_err(|error| failed(error.into())),
            Product::Table(_) | Product::Keypoints { .. } => {
                Err(PostprocessError::NoImage { step })
            }
        }
    }
}

/// Labels `[Z, Y, X]` as an image; one section is a plane, whose operations are those of the plane.
fn to_image(labels: Array3<u32>) -> Result<Image, OperationError> {
    let is_flat = labels.dim().0 == 1;
    let pixels: Pixels = if is_flat {
        labels.index_axis_move(ndarray::Axis(0), 0).into()
    } else {
        labels.into()
    };
    let axes = Axes::canonical(|axis| match axis {
        Axis::Z => !is_flat,
        axis => matches!(axis, Axis::Y | Axis::X),
    });
    Ok(Image::new(pixels, axes)?)
}

#[cfg(test)]
mod tests {
    use crate::base::error::Fault as _;
    use coverslip_algorithms::AlgorithmError;
    use coverslip_image::ImageError;
    use ndarray::array;

    use super::*;
    use crate::{names::Named, registry::Registry, steps::operation::Table};

    #[test]
    fn touching_objects_are_split_and_those_at_the_border_go() {
        let registry = Registry::builtin().unwrap();
        let run = |name: &str, labels| {
            let build = &registry.postprocess.get(name).unwrap().build;
            let step = build(&Named::new(name)).unwrap();
            step.apply(Prediction::Labels(labels)).unwrap()
        };
        let labels = array![[[1u32, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]];
        let kept = array![[[0u32, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]];
        assert_eq!(
            run("clear_border", labels.clone()),
            Prediction::Labels(kept)
        );
        let Prediction::Labels(largest) = run("largest", labels) else {
            panic!("labels stay labels");
        };
        assert_eq!(largest.iter().filter(|&&label| label > 0).count(), 1);
        let mut discs = ndarray::Array3::<u32>::zeros((1, 30, 50));
        for ((_, y, x), pixel) in discs.indexed_iter_mut() {
            let near = |cy: usize, cx: usize| y.abs_diff(cy).pow(2) + x.abs_diff(cx).pow(2) <= 100;
            *pixel = u32::from(near(14, 14) || near(14, 32));
        }
        let Prediction::Labels(split) = run("split", discs.clone()) else {
            panic!("labels stay labels");
        };
        assert_eq!(split.iter().copied().max(), Some(2));
        assert_eq!(split.mapv(|label| u32::from(label > 0)), discs);
        assert_ne!(split[[0, 14, 14]], split[[0, 14, 32]]);
    }
    #[test]
    fn a_step_that_fails_says_why() {
        type Made = fn() -> Result<Product, OperationError>;
        let cases: [(Made, &str, &str); 5] = [
            (
                || Err(AlgorithmError::TooManyComponents.into()),
                "the step `largest` failed: ",
                "see the step's options in `coverslip schema`",
            ),
            (
                || {
                    Err(ImageError::NotFound {
                        path: "a.tif".into(),
                    }
                    .into())
                },
                "the step `largest` failed: `a.tif` does not exist",
                "",
            ),
            (
                || {
                    Err(OperationError::Count {
                        expected: 2,
                        found: 1,
                    })
                },
                "the step `largest` failed: it works on 2 images, not on 1",
                "`coverslip op NAME` says which images an operation works on",
            ),
            (
                || Ok(Product::Table(Table::default())),
                "the step `largest` gives no image",
                "leave it out",
            ),
            (
                || {
                    let colours = ndarray::Array3::<u32>::zeros((3, 1, 2));
                    Ok(Product::Image(Image::new(colours, "cyx".parse().unwrap())?))
                },
                "the step `largest` failed: the image has 3 channels; labels need exactly one",
                "",
            ),
        ];
        for (made, problem, hint) in cases {
            let step = OnLabels {
                name: "largest",
                operation: Box::new(move |_| made()),
            };
            let error = step
                .apply(Prediction::Labels(array![[[1, 2]]]))
                .unwrap_err();
            assert!(error.to_string().starts_with(problem), "{error}");
            let found = error.hint().unwrap();
            assert!(found.contains(hint), "{found}");
        }
    }
}
