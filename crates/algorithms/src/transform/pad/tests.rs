//! Border rules; reference values are in the golden cases.

use ndarray::{Array2, Array3, arr1};
use proptest::prelude::*;

use super::*;

fn padded(widths: (usize, usize), border: Border<i32>) -> Vec<i32> {
    let padding = Padding {
        widths: vec![widths],
    };
    padding
        .pad(&arr1(&[1, 2, 3]).view(), border)
        .unwrap()
        .to_vec()
}

#[test]
fn each_border_continues_as_named() {
    assert_eq!(padded((2, 2), Border::Reflect101), [3, 2, 1, 2, 3, 2, 1]);
    assert_eq!(padded((2, 2), Border::Symmetric), [2, 1, 1, 2, 3, 3, 2]);
    assert_eq!(padded((2, 2), Border::Replicate), [1, 1, 1, 2, 3, 3, 3]);
    assert_eq!(padded((2, 2), Border::Wrap), [2, 3, 1, 2, 3, 1, 2]);
    assert_eq!(padded((1, 2), Border::Constant(7)), [7, 1, 2, 3, 7, 7]);
}

#[test]
fn reflection_repeats_beyond_the_image() {
    assert_eq!(
        padded((0, 7), Border::Reflect101),
        [1, 2, 3, 2, 1, 2, 3, 2, 1, 2]
    );
    let padding = Padding {
        widths: vec![(2, 3)],
    };
    let single = padding.pad(&arr1(&[5]).view(), Border::Reflect101).unwrap();
    assert_eq!(single.to_vec(), [5; 6]);
}

#[test]
fn impossible_paddings_are_errors() {
    assert!(Padding::multiple(&[3, 4], &[0, 2]).is_err());
    assert!(Padding::multiple(&[3, 4], &[2]).is_err());
    let padding = Padding::to_size(&[0, 4], &[2, 4]).unwrap();
    let empty = Array2::<u8>::zeros((0, 4));
    assert_eq!(
        padding
            .pad(&empty.view(), Border::Reflect101)
            .unwrap_err()
            .to_string(),
        "the image to pad is empty, expected at least one element"
    );
    assert_eq!(
        padding
            .pad(&empty.view(), Border::Constant(1))
            .unwrap()
            .dim(),
        (2, 4)
    );
    assert!(padding.crop(Array2::<u8>::zeros((1, 4)).view()).is_err());
}

proptest! {
    #[test]
    fn cropping_undoes_padding(
        shape in (1_usize..6, 1_usize..6, 1_usize..6),
        multiples in prop::array::uniform3(1_usize..17),
    ) {
        let values = Array3::from_shape_fn(shape, |(z, y, x)| (z * 100 + y * 10 + x) as u16);
        let padding = Padding::multiple(values.shape(), &multiples).unwrap();
        for border in [Border::Reflect101, Border::Symmetric, Border::Wrap, Border::Constant(3)] {
            let padded = padding.pad(&values.view(), border).unwrap();
            prop_assert!(padded.shape().iter().zip(multiples).all(|(n, k)| n % k == 0));
            prop_assert_eq!(padding.crop(padded.view()).unwrap(), values.view());
        }
    }
}
