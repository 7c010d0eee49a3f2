//! Edge cases of sampling; reference values are in the golden cases.

use ndarray::{Array2, arr2};

use super::*;

#[test]
fn weights_decide_and_faults_are_named() {
    let mut weights = Array2::from_elem((9, 9), 0.0_f32);
    weights[[4, 6]] = 2.0;
    let of = |weights: &Array2<f32>, patch: &[usize], uniform| {
        weighted_centres(&weights.view(), patch, &[uniform])
    };
    for uniform in [0.0, 0.5, 0.999] {
        assert_eq!(of(&weights, &[3, 3], uniform).unwrap(), [[4, 6]]);
    }
    // All weights equal after the smallest is subtracted: any place.
    let negative = Array2::from_elem((9, 9), -1.0_f32);
    assert_eq!(of(&negative, &[3, 3], 0.0).unwrap(), [[1, 1]]);
    assert_eq!(
        of(&weights.mapv(|_| f32::NAN), &[3, 3], 0.0).unwrap(),
        [[1, 1]]
    );
    assert_eq!(of(&weights, &[20, 9], 0.3).unwrap(), [[4, 4]]);
    assert!(of(&weights, &[3], 0.5).is_err());
    assert!(of(&weights, &[3, 0], 0.5).is_err());
    assert!(of(&weights, &[3, 3], 1.0).is_err());
    assert!(of(&weights, &[3, 3], f64::NAN).is_err());
    assert!(of(&Array2::zeros((0, 9)), &[3, 3], 0.5).is_err());
}

#[test]
fn classes_are_chosen_and_patches_stay_inside() {
    let label = arr2(&[
        [true, false, false],
        [false, false, false],
        [false, false, false],
    ]);
    let image = arr2(&[[9_u8, 0, 0], [0, 0, 0], [0, 0, 7]]);
    let patches = BalancedPatches {
        patch: vec![2, 2],
        background_above: Some(5.0),
        ..BalancedPatches::default()
    };
    let of = |patches: &BalancedPatches, u_class: f64| {
        patches.centres(&label.view(), Some(&image.view()), &[u_class], &[0.9])
    };
    assert_eq!(of(&patches, 0.1).unwrap(), [[1, 1]]);
    assert_eq!(of(&patches, 0.9).unwrap(), [[2, 2]]);
    assert_eq!(patch_start(&[2, 2], &patches.patch), [1, 1]);
    let with = |change: fn(&mut BalancedPatches)| {
        let mut changed = patches.clone();
        change(&mut changed);
        of(&changed, 0.1).unwrap_err().to_string()
    };
    assert_eq!(
        with(|p| p.patch = vec![2, 4]),
        "the patch's size is 4, expected at most 3, the image's length"
    );
    assert!(with(|p| p.pos_ratio = 1.5).starts_with("pos_ratio is 1.5"));
    assert!(with(|p| p.background_above = Some(f64::NAN)).starts_with("background_above"));
    let none: Option<&ndarray::ArrayView2<'_, u8>> = None;
    assert!(
        patches
            .centres(&label.view(), none, &[0.1], &[0.1])
            .is_err()
    );
    assert!(
        patches
            .centres(&label.view(), Some(&image.view()), &[0.1], &[])
            .is_err()
    );
    let dark = image.mapv(|_| 0_u8);
    let nothing = label.mapv(|_| false);
    assert!(
        patches
            .centres(&nothing.view(), Some(&dark.view()), &[0.1], &[0.1])
            .is_err()
    );
}

#[test]
fn patches_without_pixels_that_count_are_drawn_again() {
    let mut use_mask = Array2::from_elem((8, 8), false);
    use_mask[[7, 7]] = true;
    let mut drawn = 0;
    let start = first_usable(&use_mask.view(), &[2, 2], || {
        drawn += 1;
        vec![drawn, drawn]
    });
    assert_eq!((start.unwrap(), drawn), (vec![6, 6], 6));
    let mut drawn = 0;
    let start = first_usable(&use_mask.view(), &[2, 2], || {
        drawn += 1;
        vec![0, 0]
    });
    assert_eq!((start.unwrap(), drawn), (vec![0, 0], MOST_TRIES));
    assert!(first_usable(&use_mask.view(), &[2, 2], || vec![8, 0]).is_err());
}
