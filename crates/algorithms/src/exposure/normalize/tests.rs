//! Edge cases of normalisation; reference values are in the golden cases.

use ndarray::{ArrayD, IxDyn, arr1, arr2};

use super::*;

fn normalized(method: &Normalization, values: &ArrayD<f32>) -> ArrayD<f32> {
    let mut out = values.clone();
    method
        .fit(&values.view())
        .unwrap()
        .apply(&mut out.view_mut());
    out
}

#[test]
fn a_part_uses_the_statistics_of_the_whole() {
    let whole = ArrayD::from_shape_fn(IxDyn(&[8, 8]), |i| (i[0] * 8 + i[1]) as f32);
    let method = Normalization::default();
    let all = normalized(&method, &whole);
    let scaling = method.fit(&whole.view()).unwrap();
    let mut part = whole.slice(ndarray::s![2..5, 3..7]).to_owned().into_dyn();
    scaling.apply(&mut part.view_mut());
    assert_eq!(
        part,
        all.slice(ndarray::s![2..5, 3..7]).to_owned().into_dyn()
    );
}

#[test]
fn constant_images_become_the_lower_end_and_say_so() {
    let constant = ArrayD::from_elem(IxDyn(&[3, 4]), 7.0_f32);
    for (method, expected) in [
        (Normalization::Percentile(Percentile::default()), -1.0),
        (Normalization::MinMax(MinMax::default()), 0.0),
        (Normalization::Standard(Standard::default()), 0.0),
    ] {
        assert!(method.fit(&constant.view()).unwrap().is_constant);
        assert!(
            normalized(&method, &constant)
                .iter()
                .all(|&y| y == expected)
        );
    }
}

#[test]
fn images_without_finite_values_are_errors() {
    let bad = arr1(&[f32::NAN, f32::INFINITY]).into_dyn();
    let empty = ArrayD::<f32>::zeros(IxDyn(&[0, 3]));
    for method in [
        Normalization::Percentile(Percentile::default()),
        Normalization::MinMax(MinMax::default()),
        Normalization::Standard(Standard::default()),
    ] {
        assert_eq!(
            method.fit(&bad.view()).unwrap_err().to_string(),
            "the image has no finite value: all 2 are NaN or infinite"
        );
        assert!(matches!(
            method.fit(&empty.view()),
            Err(AlgorithmError::Empty { .. })
        ));
    }
}

#[test]
fn nan_stays_and_infinity_saturates_when_clipping() {
    let values = arr1(&[0.0, 1.0, 2.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY]).into_dyn();
    let y = normalized(&Normalization::default(), &values);
    assert!(y[[3]].is_nan());
    assert_eq!((y[[4]], y[[5]]), (1.0, -1.0));
}

#[test]
fn channels_can_have_statistics_of_their_own() {
    let values = arr2(&[[0.0_f32, 1.0], [10.0, 30.0]]).into_dyn();
    let method = Normalization::MinMax(MinMax {
        per_channel: true,
        ..MinMax::default()
    });
    let scaling = method.fit_channels(&values.view()).unwrap();
    let mut out = values.clone();
    scaling.apply(&mut out.view_mut()).unwrap();
    assert_eq!(out, arr2(&[[0.0, 1.0], [0.0, 1.0]]).into_dyn());
    let mut other = arr2(&[[0.0_f32, 1.0]]).into_dyn();
    assert_eq!(
        scaling
            .apply(&mut other.view_mut())
            .unwrap_err()
            .to_string(),
        "the number of channels is 1, expected 2, as in the image that was fitted"
    );
}

#[test]
fn undo_returns_the_intensities() {
    let values = arr1(&[3.0_f32, 5.0, 9.0, 4.0]).into_dyn();
    let scaling = Normalization::Standard(Standard::default())
        .fit(&values.view())
        .unwrap();
    let mut out = values.clone();
    scaling.apply(&mut out.view_mut());
    scaling.undo(&mut out.view_mut());
    assert!(out.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn settings_out_of_range_are_named() {
    let reversed = Percentile {
        low: 99.0,
        high: 1.0,
        ..Percentile::default()
    };
    assert_eq!(
        reversed.check().unwrap_err().to_string(),
        "low is 99, expected 0 to 100 and below high"
    );
    let flat = MinMax {
        range: [1.0, 1.0],
        ..MinMax::default()
    };
    assert!(flat.check().is_err());
    let unknown = serde_json::from_str::<Normalization>(r#"{"percentile": {"lo": 1}}"#);
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("unknown field `lo`")
    );
}

#[test]
fn rescaling_is_the_same_for_all_images() {
    let method = Normalization::Rescale(Rescale::default());
    let mut image = ndarray::arr1(&[0.0f32, 51.0, 255.0]).into_dyn();
    let scaling = method.fit(&image.view()).unwrap();
    scaling.apply(&mut image.view_mut());
    assert_eq!(image.as_slice().unwrap(), [0.0, 0.2, 1.0]);
    assert_eq!(scaling.inverse(0.2), 51.0);
    let error = |divide| {
        let method = Normalization::Rescale(Rescale {
            subtract: 0.0,
            divide,
        });
        method.check().unwrap_err().to_string()
    };
    assert_eq!(
        error(0.0),
        "divide is 0, expected a finite number other than 0"
    );
}

#[test]
fn slices_around_the_centre_count() {
    let stack = ndarray::Array3::from_shape_fn((40, 2, 2), |(z, _, x)| (z + x) as f32).into_dyn();
    let method = CenterZ::default();
    assert_eq!(method.slices(40), Ok(4..36));
    let far = CenterZ {
        z_center: Some(900),
        ..CenterZ::default()
    };
    assert_eq!(far.slices(40), Ok(8..40));
    assert_eq!(method.fit(&stack.view()).unwrap().subtract, 20.0);
    let short = stack.slice_axis(ndarray::Axis(0), (..20).into());
    assert_eq!(
        method.fit(&short).unwrap_err().to_string(),
        "the number of slices is 20, expected at least 32, or allow_short: true"
    );
    let allowed = CenterZ {
        allow_short: true,
        ..CenterZ::default()
    };
    assert_eq!(allowed.fit(&short).unwrap().subtract, 10.0);
    assert!(method.fit(&stack.index_axis(ndarray::Axis(0), 0)).is_err());
    let none = CenterZ {
        chunk: 0,
        ..CenterZ::default()
    };
    assert!(Normalization::CenterZ(none).check().is_err());
}
