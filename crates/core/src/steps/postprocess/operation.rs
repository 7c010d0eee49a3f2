use coverslip_algorithms::AlgorithmError;
use coverslip_image::{Image, Pixels};
use ndarray::Ix3;

use super::{PostprocessError, PostprocessStep, Prediction};
use crate::steps::operation::{Operation, OperationError, Product};

/// A classical operation on labels as a step.
pub(crate) struct OnLabels {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
}

impl PostprocessStep for OnLabels {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let labels = prediction.into_labels(self.name)?;
        let failed = |source| PostprocessError::Algorithm {
            step: self.name,
            source,
        };
        // A 2D image is a stack of one plane; its operations are those of the plane.
        let is_flat = labels.dim().0 == 1;
        let (pixels, axes): (Pixels, _) = if is_flat {
            (labels.index_axis_move(ndarray::Axis(0), 0).into(), "yx")
        } else {
            (labels.into(), "zyx")
        };
        let image = axes
            .parse()
            .ok()
            .and_then(|axes| Image::new(pixels, axes).ok())
            .ok_or(AlgorithmError::Empty { what: "the labels" })
            .map_err(failed)?;
        let product = (self.operation)(&[image]).map_err(|error| {
            failed(match error {
                OperationError::Algorithm(error) => error,
                _ => AlgorithmError::Empty { what: "the labels" },
            })
        })?;
        let Product::Image(image) = product else {
            return Err(failed(AlgorithmError::Empty { what: "the labels" }));
        };
        let (Pixels::U32(labels), _) = image.pixels().cast(coverslip_image::DType::UInt32) else {
            return Err(failed(AlgorithmError::Empty { what: "the labels" }));
        };
        let mut labels = labels;
        if is_flat {
            labels.insert_axis_inplace(ndarray::Axis(0));
        }
        labels
            .into_dimensionality::<Ix3>()
            .map(Prediction::Labels)
            .map_err(|_| failed(AlgorithmError::Empty { what: "the labels" }))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use crate::steps::postprocess::Prediction;
    use crate::{names::Named, registry::Registry};

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
}
