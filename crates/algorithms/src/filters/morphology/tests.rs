//! Edge cases and a comparison with the definition; reference values are in the golden cases.

use ndarray::{Array2, Array3, arr2, s};
use proptest::prelude::*;

use super::*;

/// The definition: the greatest or least value under the element, pixels outside left out.
fn by_definition(image: &Array2<u8>, element: &StructuringElement, greatest: bool) -> Array2<u8> {
    let mask = element.mask();
    let anchor = [mask.nrows() as isize / 2, mask.ncols() as isize / 2];
    Array2::from_shape_fn(image.raw_dim(), |(y, x)| {
        let under = mask
            .indexed_iter()
            .filter(|&(_, &set)| set)
            .filter_map(|((i, j), _)| {
                let (row, column) = (
                    y as isize + i as isize - anchor[0],
                    x as isize + j as isize - anchor[1],
                );
                image
                    .get((usize::try_from(row).ok()?, usize::try_from(column).ok()?))
                    .copied()
            });
        if greatest {
            under.max().unwrap_or(0)
        } else {
            under.min().unwrap_or(255)
        }
    })
}

proptest! {
    #[test]
    fn agrees_with_the_definition(
        shape in (1_usize..12, 1_usize..40),
        sides in (1_usize..9, 1_usize..9),
        seed in prop::collection::vec(any::<u8>(), 12 * 40),
        holes in prop::collection::vec(any::<bool>(), 81),
    ) {
        let image = Array2::from_shape_fn(shape, |(y, x)| seed[y * 40 + x]);
        let mut mask = Array2::from_shape_fn(sides, |(y, x)| holes[y * 9 + x]);
        mask[[0, 0]] = true;
        let element = StructuringElement::from_mask(&mask.view()).unwrap();
        let dilated = morph(&image.view(), &element, GrayOperation::Dilate);
        prop_assert_eq!(dilated, by_definition(&image, &element, true));
        let eroded = morph(&image.view(), &element, GrayOperation::Erode);
        prop_assert_eq!(eroded, by_definition(&image, &element, false));
    }
}

#[test]
fn blocks_with_a_halo_give_the_same_result() {
    let image = Array2::from_shape_fn((90, 80), |(y, x)| ((y * 31 + x * 17) % 251) as u16);
    for operation in [
        GrayOperation::Open,
        GrayOperation::Gradient,
        GrayOperation::Blackhat,
    ] {
        let morphology = GrayMorphology {
            operation,
            repeat: 2,
            ..GrayMorphology::default()
        };
        let halo = morphology.halo().unwrap();
        let whole = morphology.apply(&image.view()).unwrap();
        let part = morphology
            .apply(&image.slice(s![40 - halo..50 + halo, ..]))
            .unwrap();
        assert_eq!(
            part.slice(s![halo..halo + 10, ..]),
            whole.slice(s![40..50, ..])
        );
    }
}

#[test]
fn not_a_number_spreads() {
    let mut image = Array2::<f32>::zeros((5, 9));
    image[[2, 4]] = f32::NAN;
    let element = Element {
        shape: ElementShape::Rect,
        width: 3,
        height: 1,
    }
    .build()
    .unwrap();
    for operation in [GrayOperation::Dilate, GrayOperation::Erode] {
        let found = morph(&image.view(), &element, operation);
        assert_eq!(found.iter().filter(|value| value.is_nan()).count(), 3);
    }
}

#[test]
fn faults_are_errors_and_tiny_images_work() {
    let image = Array2::<u8>::zeros((2, 2));
    let wrong = |element: Element, repeat| GrayMorphology {
        element,
        repeat,
        ..GrayMorphology::default()
    };
    for (morphology, message) in [
        (
            wrong(
                Element {
                    width: 0,
                    ..Element::default()
                },
                1,
            ),
            "width is 0, expected 1 to 8192 pixels",
        ),
        (
            wrong(
                Element {
                    height: 9000,
                    ..Element::default()
                },
                1,
            ),
            "height is 9000, expected 1 to 8192 pixels",
        ),
        (
            wrong(Element::default(), 0),
            "repeat is 0, expected at least 1",
        ),
    ] {
        assert_eq!(
            morphology.apply(&image.view()).unwrap_err().to_string(),
            message
        );
    }
    assert!(StructuringElement::from_mask(&Array2::from_elem((3, 3), false).view()).is_err());
    for shape in [(0, 0), (0, 4), (1, 1)] {
        let image = Array2::<u8>::from_elem(shape, 9);
        assert_eq!(
            GrayMorphology::default().apply(&image.view()).unwrap(),
            image
        );
    }
}

#[test]
fn binary_faults_are_errors_and_empty_masks_stay_empty() {
    let mask = arr2(&[[true, false]]);
    let wrong = BinaryMorphology {
        connectivity: 3,
        ..BinaryMorphology::default()
    };
    assert_eq!(
        wrong.apply(&mask.view()).unwrap_err().to_string(),
        "connectivity is 3, expected 1 to 2, the number of axes"
    );
    let none = BinaryMorphology {
        iterations: 0,
        ..BinaryMorphology::default()
    };
    assert_eq!(
        none.apply(&mask.view()).unwrap_err().to_string(),
        "iterations is 0, expected at least 1"
    );
    let empty = Array3::from_elem((2, 0, 3), true);
    assert_eq!(
        BinaryMorphology::default().apply(&empty.view()).unwrap(),
        empty
    );
}

#[test]
fn closing_bridges_a_gap() {
    let mask = arr2(&[[false, true, false, true, false]]);
    let close = BinaryMorphology {
        operation: BinaryOperation::Close,
        outside_is_set: false,
        connectivity: 2,
        iterations: 1,
    };
    assert!(
        close.apply(&mask.view()).unwrap().iter().all(|&set| !set),
        "the row above is outside"
    );
    let close = BinaryMorphology {
        outside_is_set: true,
        ..close
    };
    assert_eq!(
        close.apply(&mask.view()).unwrap(),
        arr2(&[[true, true, true, true, true]])
    );
}
