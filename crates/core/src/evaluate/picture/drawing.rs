//! Planes as rasters.

use coverslip_algorithms::exposure::normalize::percentiles;
use ndarray::{ArrayView2, ArrayView3, ArrayView4, ArrayViewD, Axis};

use super::Raster;
use super::colour::{error_colour, label_colour};

/// Outlines of the target alone.
pub const TARGET_COLOUR: [u8; 3] = [40, 220, 60];
/// Outlines of the prediction alone.
pub const PREDICTION_COLOUR: [u8; 3] = [255, 60, 255];
/// Where both outlines coincide.
pub const SHARED_COLOUR: [u8; 3] = [255, 255, 255];

/// The intensities shown as black and white: the 0.5 and 99.5 percentiles of the finite values;
/// 0 and 1 if there are none.
pub fn contrast(values: &ArrayViewD<'_, f32>) -> [f32; 2] {
    percentiles(values, [0.5, 99.5]).map_or([0.0, 1.0], |ends| ends.map(|end| end as f32))
}

/// A plane in grey; `black` and below is black, `white` and above is white. A plane without
/// contrast is mid-grey.
pub fn gray(plane: &ArrayView2<'_, f32>, [black, white]: [f32; 2]) -> Raster {
    raster_of(plane, |value| [level(value, black, white); 3])
}

/// The middle section of an image `C Z Y X`, as `C Y X`; `None` if it has no section.
pub fn middle<'a, T>(image: &ArrayView4<'a, T>) -> Option<ArrayView3<'a, T>> {
    let sections = image.len_of(Axis(1));
    (sections > 0).then(|| (*image).index_axis_move(Axis(1), sections / 2))
}

/// An image `C Z Y X` with contrast from its own middle section: three channels as red, green and
/// blue with one contrast for all, otherwise the first channel in grey.
pub fn image(image: &ArrayView4<'_, f32>) -> Raster {
    let Some(section) = middle(image) else {
        return Raster::from_fn(1, 1, |_, _| [0; 3]);
    };
    if section.len_of(Axis(0)) == 3 {
        let [black, white] = contrast(&section.view().into_dyn());
        let (_, height, width) = section.dim();
        return Raster::from_fn(width, height, |x, y| {
            [0, 1, 2].map(|c| {
                section
                    .get((c, y, x))
                    .map_or(0, |&v| level(v, black, white))
            })
        });
    }
    let channels = section.len_of(Axis(0));
    if channels == 0 {
        return Raster::from_fn(1, 1, |_, _| [0; 3]);
    }
    let plane = section.index_axis(Axis(0), 0);
    gray(&plane, contrast(&plane.into_dyn()))
}

/// A plane of labels, each in its own colour on black.
pub fn labels(plane: &ArrayView2<'_, u32>) -> Raster {
    raster_of(plane, label_colour)
}

/// The outlines of two planes of labels on a picture of the same size: the target's in
/// [`TARGET_COLOUR`], the prediction's in [`PREDICTION_COLOUR`], common ones in
/// [`SHARED_COLOUR`]. An outline is the outermost pixels of an object, so touching objects are
/// told apart.
pub fn overlay(
    base: &Raster,
    target: Option<&ArrayView2<'_, u32>>,
    prediction: Option<&ArrayView2<'_, u32>>,
) -> Raster {
    Raster::from_fn(base.width(), base.height(), |x, y| {
        let on = |plane: Option<&ArrayView2<'_, u32>>| plane.is_some_and(|p| is_outline(p, y, x));
        match (on(target), on(prediction)) {
            (true, true) => SHARED_COLOUR,
            (true, false) => TARGET_COLOUR,
            (false, true) => PREDICTION_COLOUR,
            (false, false) => base.pixel(x, y),
        }
    })
}

/// A plane of absolute errors in the colours of [`super::ERROR_SCALE`], `largest` and above being
/// the lightest.
pub fn error_map(errors: &ArrayView2<'_, f32>, largest: f32) -> Raster {
    raster_of(errors, |error| {
        error_colour(if largest > 0.0 {
            f64::from(error / largest)
        } else {
            0.0
        })
    })
}

/// Pictures in a row on white, `gap` pixels apart, aligned at the top.
pub fn side_by_side(pictures: &[Raster], gap: usize) -> Raster {
    let width: usize = pictures.iter().map(|picture| picture.width() + gap).sum();
    let height = pictures.iter().map(Raster::height).max().unwrap_or(0);
    let mut row = Raster::from_fn(width.saturating_sub(gap), height, |_, _| [255; 3]);
    let mut left = 0;
    for picture in pictures {
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                row.set(left + x, y, picture.pixel(x, y));
            }
        }
        left += picture.width() + gap;
    }
    row
}

fn raster_of<T: Copy>(plane: &ArrayView2<'_, T>, colour: impl Fn(T) -> [u8; 3]) -> Raster {
    let (height, width) = plane.dim();
    Raster::from_fn(width, height, |x, y| {
        plane.get((y, x)).map_or([0; 3], |&value| colour(value))
    })
}

fn level(value: f32, black: f32, white: f32) -> u8 {
    if white > black {
        // A cast saturates, and takes what is not a number to 0.
        ((value - black) / (white - black) * 255.0).round() as u8
    } else {
        128
    }
}

/// Whether a pixel belongs to an object and has a direct neighbour that does not.
fn is_outline(plane: &ArrayView2<'_, u32>, y: usize, x: usize) -> bool {
    let Some(&label) = plane.get((y, x)) else {
        return false;
    };
    let around = [
        (y.wrapping_sub(1), x),
        (y + 1, x),
        (y, x.wrapping_sub(1)),
        (y, x + 1),
    ];
    label > 0
        && around
            .iter()
            .any(|&at| plane.get(at).is_some_and(|&other| other != label))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array4, arr2};

    use super::*;

    #[test]
    fn contrast_ends_become_black_and_white() {
        let picture = gray(
            &arr2(&[[0.0, 5.0, 10.0, 20.0, f32::NAN]]).view(),
            [0.0, 10.0],
        );
        assert_eq!(
            [0, 1, 2, 3, 4].map(|x| picture.pixel(x, 0)[0]),
            [0, 128, 255, 255, 0]
        );
        let flat = gray(&Array2::ones((2, 2)).view(), [1.0, 1.0]);
        assert_eq!(flat.pixel(0, 0), [128; 3]);
    }

    #[test]
    fn stacks_show_the_middle_and_three_channels_colour() {
        let stack = Array4::from_shape_fn((1, 5, 2, 2), |(_, z, y, x)| (z * 10 + y * 2 + x) as f32);
        assert_eq!(middle(&stack.view()).unwrap()[[0, 0, 0]], 20.0);
        let rgb = Array4::from_shape_fn((3, 1, 1, 2), |(c, _, _, x)| (c * x) as f32);
        assert_eq!(image(&rgb.view()).pixel(1, 0), [0, 129, 255]);
        let none = Array4::<f32>::zeros((0, 0, 3, 3));
        assert_eq!(
            (image(&none.view()).width(), middle(&none.view()).is_none()),
            (1, true)
        );
    }

    #[test]
    fn outlines_tell_target_prediction_and_both() {
        let target = arr2(&[[1, 1, 2, 2, 0, 0_u32]]);
        let prediction = arr2(&[[0, 3, 3, 3, 3, 0_u32]]);
        let base = Raster::from_fn(6, 1, |_, _| [7; 3]);
        let drawn = overlay(&base, Some(&target.view()), Some(&prediction.view()));
        let colours = [0, 1, 2, 3, 4, 5].map(|x| drawn.pixel(x, 0));
        assert_eq!(
            colours,
            [
                [7; 3],
                SHARED_COLOUR,
                TARGET_COLOUR,
                TARGET_COLOUR,
                PREDICTION_COLOUR,
                [7; 3]
            ]
        );
        assert_eq!(overlay(&base, None, None), base);
    }

    #[test]
    fn errors_are_scaled_to_the_largest() {
        let picture = error_map(&arr2(&[[0.0, 2.0]]).view(), 2.0);
        assert_eq!(
            picture.pixel(0, 0),
            crate::evaluate::picture::ERROR_SCALE[0]
        );
        assert_eq!(
            picture.pixel(1, 0),
            crate::evaluate::picture::ERROR_SCALE[5]
        );
        assert_eq!(
            error_map(&arr2(&[[0.0]]).view(), 0.0).pixel(0, 0),
            [0, 0, 6]
        );
    }

    #[test]
    fn a_row_of_pictures_has_gaps() {
        let [a, b] = [1, 3].map(|height| Raster::from_fn(2, height, |_, _| [height as u8; 3]));
        let row = side_by_side(&[a, b], 4);
        assert_eq!((row.width(), row.height()), (8, 3));
        assert_eq!([1, 2, 6].map(|x| row.pixel(x, 0)[0]), [1, 255, 3]);
        assert_eq!(row.pixel(0, 2), [255; 3]);
        assert_eq!(side_by_side(&[], 4).width(), 1);
    }
}
