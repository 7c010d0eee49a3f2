//! From the scores of classes to class maps. The first axis is the class.

use ndarray::{Array, ArrayD, ArrayView, ArrayView1, ArrayViewD, Axis, RemoveAxis, Zip};

use crate::AlgorithmError;

/// Probabilities of logits: exponentials over their sum along the first axis.
///
/// Computed in `f64` from the largest logit, so that large ones do not overflow. NaN makes the
/// pixel NaN.
///
/// # Errors
/// [`AlgorithmError::Rank`] without axes, [`AlgorithmError::Empty`] without classes.
pub fn softmax(logits: &ArrayViewD<'_, f32>) -> Result<ArrayD<f32>, AlgorithmError> {
    check(logits)?;
    let mut probabilities = logits.to_owned();
    Zip::from(probabilities.lanes_mut(Axis(0))).par_for_each(|mut pixel| {
        let largest = pixel.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let share = |x: f32| {
            if x == largest {
                1.0
            } else {
                f64::from(x - largest).exp()
            }
        };
        let total: f64 = pixel.iter().map(|&x| share(x)).sum();
        pixel.mapv_inplace(|x| (share(x) / total) as f32);
    });
    Ok(probabilities)
}

/// The class of the largest score of each pixel, the first of equal ones. NaN is never the
/// largest; a pixel of NaN only is class 0.
///
/// # Errors
/// As [`softmax`].
pub fn argmax<D: RemoveAxis>(
    scores: &ArrayView<'_, f32, D>,
) -> Result<Array<u32, D::Smaller>, AlgorithmError> {
    check(scores)?;
    let likeliest = |pixel: ArrayView1<'_, f32>| {
        let mut best = (0, f32::NEG_INFINITY);
        for (class, &score) in pixel.iter().enumerate() {
            if score > best.1 {
                best = (class as u32, score);
            }
        }
        best.0
    };
    Ok(scores.map_axis(Axis(0), likeliest))
}

/// 255 where a value is strictly above `cutoff`, 0 elsewhere and where it is NaN.
///
/// # Errors
/// [`AlgorithmError::Parameter`] for a cutoff that is NaN.
pub fn above_cutoff<D: ndarray::Dimension>(
    values: &ArrayView<'_, f32, D>,
    cutoff: f64,
) -> Result<Array<u8, D>, AlgorithmError> {
    if cutoff.is_nan() {
        return Err(AlgorithmError::parameter("cutoff", cutoff, "a number"));
    }
    Ok(values.mapv(|value| if f64::from(value) > cutoff { 255 } else { 0 }))
}

fn check<D: ndarray::Dimension>(scores: &ArrayView<'_, f32, D>) -> Result<(), AlgorithmError> {
    match scores.shape().first() {
        None => Err(AlgorithmError::Rank {
            what: "the class scores",
            got: 0,
            expected: "at least 1 (the class)",
        }),
        Some(0) => Err(AlgorithmError::Empty {
            what: "the list of classes",
        }),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, arr1, arr2};

    use super::*;

    #[test]
    fn extreme_logits_have_probabilities() {
        let logits = arr2(&[[1e30_f32, f32::INFINITY, -1e30], [0.0, 1.0, -1e30]]);
        let found = softmax(&logits.view().into_dyn()).unwrap();
        assert_eq!(found, arr2(&[[1.0, 1.0, 0.5], [0.0, 0.0, 0.5]]).into_dyn());
    }

    #[test]
    fn nan_never_wins() {
        let scores = arr2(&[[f32::NAN, f32::NAN], [-1.0, f32::NAN], [-1.0, f32::NAN]]);
        assert_eq!(argmax(&scores.view()).unwrap(), arr1(&[1, 0]));
        let above = above_cutoff(&arr1(&[0.5_f32, 0.6, f32::NAN]).view(), 0.5);
        assert_eq!(above.unwrap(), arr1(&[0, 255, 0]));
    }

    #[test]
    fn faults_are_errors() {
        assert!(softmax(&arr0(1.0).view().into_dyn()).is_err());
        assert!(argmax(&arr2(&[[0.0_f32; 3]; 0]).view()).is_err());
        assert!(above_cutoff(&arr1(&[1.0_f32]).view(), f64::NAN).is_err());
    }
}
