//! Edge cases and a comparison with the rules pixel by pixel; reference values are in the golden
//! cases.

use ndarray::{Array2, arr2};
use proptest::prelude::*;

use super::*;

/// One sub-iteration of Zhang and Suen's rule, pixel by pixel.
fn thin_once(mask: &Array2<bool>, is_first: bool) -> Array2<bool> {
    let at = |y: isize, x: isize| {
        let index = (usize::try_from(y).ok(), usize::try_from(x).ok());
        matches!(index, (Some(y), Some(x)) if mask.get((y, x)) == Some(&true))
    };
    Array2::from_shape_fn(mask.raw_dim(), |(y, x)| {
        let (y, x) = (y as isize, x as isize);
        let steps = [
            (-1, 0),
            (-1, 1),
            (0, 1),
            (1, 1),
            (1, 0),
            (1, -1),
            (0, -1),
            (-1, -1),
        ];
        let p = steps.map(|(dy, dx)| at(y + dy, x + dx));
        let set = p.iter().filter(|&&set| set).count();
        let rises = (0..8).filter(|&i| !p[i] && p[(i + 1) % 8]).count();
        let [north, east, south, west] = [p[0], p[2], p[4], p[6]];
        let open = if is_first {
            !(east && south && (north || west))
        } else {
            !(north && west && (east || south))
        };
        at(y, x) && !((2..=6).contains(&set) && rises == 1 && open)
    })
}

proptest! {
    #[test]
    fn words_agree_with_pixels(
        shape in (1_usize..90, 1_usize..150),
        density in 0.3_f64..0.98,
        seed in any::<u64>(),
    ) {
        let mut state = seed;
        let mask = Array2::from_shape_fn(shape, |_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 40) as f64) < density * f64::from(1 << 24)
        });
        let mut expected = mask.clone();
        loop {
            let next = thin_once(&thin_once(&expected, true), false);
            if next == expected {
                break;
            }
            expected = next;
        }
        prop_assert_eq!(Thinning::default().apply(&mask.view()).unwrap(), expected);
    }
}

#[test]
fn empty_and_tiny_masks_work() {
    for method in [
        ThinningMethod::ZhangSuen,
        ThinningMethod::GuoHall,
        ThinningMethod::MedialAxis,
    ] {
        let thinning = Thinning { method };
        for shape in [(0, 0), (0, 5), (5, 0), (4, 3)] {
            let mask = Array2::from_elem(shape, false);
            assert_eq!(thinning.apply(&mask.view()).unwrap(), mask);
        }
        assert_eq!(
            thinning.apply(&arr2(&[[true]]).view()).unwrap(),
            arr2(&[[true]])
        );
    }
}

#[test]
fn a_line_stays_and_a_square_of_two_vanishes() {
    let line = Array2::from_elem((1, 100), true);
    assert_eq!(Thinning::default().apply(&line.view()).unwrap(), line);
    let square = Array2::from_elem((2, 2), true);
    assert!(
        Thinning::default()
            .apply(&square.view())
            .unwrap()
            .iter()
            .all(|&set| !set)
    );
}

#[test]
fn a_mask_without_background_is_infinitely_far_from_it() {
    let found = medial_axis(&Array2::from_elem((3, 4), true).view()).unwrap();
    assert!(found.distance.iter().all(|distance| distance.is_infinite()));
}
