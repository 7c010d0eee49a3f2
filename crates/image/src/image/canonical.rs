//! To and from the arrays that algorithms and networks work on: `C Z Y X` and `Z Y X`.

use ndarray::{Array3, Array4, ArrayD, ArrayView5, Axis as Dimension};

use super::{Image, Metadata, PixelType, Pixels, match_pixels};
use crate::axes::{Axes, Axis};
use crate::error::ImageError;

const CZYX: [Axis; 4] = [Axis::C, Axis::Z, Axis::Y, Axis::X];

impl Image {
    /// The samples as `f32` in the order `C Z Y X`; an axis that the image lacks has length 1.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for a time series of more than one time point.
    pub fn to_czyx_f32(&self) -> Result<Array4<f32>, ImageError> {
        self.refuse_time_series()?;
        Ok(match_pixels!(self.pixels(), array => self.to_czyx(array, PixelType::to_f32)))
    }

    /// The samples as labels in the order `Z Y X`; an axis that the image lacks has length 1.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unsuitable`] for more than one time point or channel, and for a value that
    /// is no label: negative, above 4294967295, fractional or not finite.
    pub fn to_labels_zyx(&self) -> Result<Array3<u32>, ImageError> {
        self.to_labels_zyx_at([0; 3])
    }

    /// The same for a part of an image, whose first sample lies at `origin` (z, y, x): errors name
    /// positions in the image.
    ///
    /// # Errors
    ///
    /// As [`Image::to_labels_zyx`].
    pub fn to_labels_zyx_at(&self, origin: [usize; 3]) -> Result<Array3<u32>, ImageError> {
        self.refuse_time_series()?;
        if self.len_of(Axis::C) > 1 {
            return Err(self.unsuitable(
                format!(
                    "has {} channels; labels need exactly one",
                    self.len_of(Axis::C)
                ),
                "save the labels as a single-channel (grey) image of whole numbers",
            ));
        }
        let labels = match self.pixels() {
            Pixels::U8(array) => self.to_czyx(array, u32::from),
            Pixels::U16(array) => self.to_czyx(array, u32::from),
            Pixels::U32(array) => self.to_czyx(array, |label| label),
            pixels => {
                let values = match_pixels!(pixels, array => self.to_czyx(array, PixelType::to_f64));
                let wrong = values.indexed_iter().find(|(_, value)| !is_label(**value));
                if let Some(((_, z, y, x), &value)) = wrong {
                    let [oz, oy, ox] = origin;
                    return Err(self.not_a_label(value, [oz + z, oy + y, ox + x]));
                }
                values.mapv(|value| value as u32)
            }
        };
        Ok(labels.index_axis_move(Dimension(0), 0))
    }

    /// An image of a `C Z Y X` array that belongs to `like`, such as a prediction of it.
    ///
    /// The pixel size is taken over. The image has a `z` axis if `like` has one or there are
    /// several sections, and a `c` axis if there are several channels.
    pub fn from_czyx<T: PixelType>(values: Array4<T>, like: &Image) -> Image {
        let axes = Axes::canonical(|axis| match axis {
            Axis::T => false,
            Axis::C => values.len_of(Dimension(0)) > 1,
            Axis::Z => like.axes.contains(Axis::Z) || values.len_of(Dimension(1)) > 1,
            Axis::Y | Axis::X => true,
        });
        let mut array = values.into_dyn();
        // From the last to the first, so that the positions still to come stay valid.
        for (position, axis) in CZYX.into_iter().enumerate().rev() {
            if !axes.contains(axis) {
                array.index_axis_inplace(Dimension(position), 0);
            }
        }
        Image {
            pixels: T::into_pixels(array),
            axes,
            metadata: Metadata {
                channels: Vec::new(),
                ..like.metadata.clone()
            },
            path: None,
        }
    }

    /// An image of a `Z Y X` label map that belongs to `like`: 16 bits if the largest label is at
    /// most 65535, else 32 bits.
    pub fn from_labels(labels: &Array3<u32>, like: &Image) -> Image {
        let labels = labels.view().insert_axis(Dimension(0));
        if labels.iter().all(|&label| u16::try_from(label).is_ok()) {
            Image::from_czyx(labels.mapv(|label| label as u16), like)
        } else {
            Image::from_czyx(labels.to_owned(), like)
        }
    }

    fn refuse_time_series(&self) -> Result<(), ImageError> {
        match self.len_of(Axis::T) {
            1 => Ok(()),
            points => Err(self.unsuitable(
                format!("is a time series of {points} time points; one is expected"),
                "save each time point as a file of its own; if the pages are really sections \
                 (z), set that in the file's properties",
            )),
        }
    }

    fn not_a_label(&self, value: f64, [z, y, x]: [usize; 3]) -> ImageError {
        self.unsuitable(
            format!("has the value {value} at z {z}, y {y}, x {x}, which is not a label"),
            "labels are whole numbers from 0 (background) to 4294967295; check that this file is \
             the mask and not the image",
        )
    }

    fn unsuitable(&self, problem: String, remedy: &str) -> ImageError {
        ImageError::Unsuitable {
            path: self.path().map(Into::into),
            problem,
            remedy: remedy.to_owned(),
        }
    }

    /// The samples of the first time point in the order `C Z Y X`.
    fn to_czyx<T: PixelType, U>(&self, array: &ArrayD<T>, convert: impl Fn(T) -> U) -> Array4<U> {
        let view = self.tczyx(array);
        view.index_axis(Dimension(0), 0)
            .map(|&value| convert(value))
    }

    /// A view of the image's array in the order `T C Z Y X`, with length 1 where an axis lacks.
    pub(crate) fn tczyx<'a, T>(&self, array: &'a ArrayD<T>) -> ArrayView5<'a, T> {
        tczyx(&self.axes, array)
    }
}

/// An array of these axes with all five, of which those that it lacks have length 1.
pub(crate) fn tczyx<'a, T>(axes: &Axes, array: &'a ArrayD<T>) -> ArrayView5<'a, T> {
    let mut view = array.view();
    let mut axes: Vec<Axis> = axes.iter().collect();
    for axis in Axis::ALL {
        if !axes.contains(&axis) {
            view.insert_axis_inplace(Dimension(axes.len()));
            axes.push(axis);
        }
    }
    let order: Vec<usize> = Axis::ALL
        .iter()
        .filter_map(|axis| axes.iter().position(|other| other == axis))
        .collect();
    let view = view.permuted_axes(order);
    view.into_dimensionality()
        .expect("an image has at most the five axes, each once")
}

/// Whether the value is a whole number from 0 to 4294967295.
fn is_label(value: f64) -> bool {
    f64::from(value as u32) == value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{PixelSize, Pixels};
    use ndarray::{Array, Array2, Array3};

    fn image<T: PixelType>(values: Vec<T>, shape: &[usize], axes: &str) -> Image {
        let array = Array::from_shape_vec(shape, values).unwrap();
        Image::new(array, axes.parse().unwrap()).unwrap()
    }

    #[test]
    fn axes_are_permuted_and_missing_ones_added() {
        let zcx = image((0..12u16).collect(), &[2, 3, 2], "zcx");
        let czyx = zcx.to_czyx_f32().unwrap();
        assert_eq!(czyx.dim(), (3, 2, 1, 2));
        // z 1, c 2, x 0 is the element 1 * 6 + 2 * 2 + 0 of the file's order.
        assert_eq!(czyx[[2, 1, 0, 0]], 10.0);
        assert_eq!(
            image(vec![7u8], &[1, 1], "yx").to_czyx_f32().unwrap().dim(),
            (1, 1, 1, 1)
        );
    }

    #[test]
    fn a_single_time_point_is_taken_and_several_are_refused() {
        let one = image(vec![1.5f32, 2.5], &[1, 1, 2], "tyx");
        assert_eq!(one.to_czyx_f32().unwrap()[[0, 0, 0, 1]], 2.5);
        let series = image(vec![0u8; 6], &[3, 1, 2], "tyx").with_path("a.tif".as_ref());
        let error = series.to_czyx_f32().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a.tif` is a time series of 3 time points; one is expected"
        );
    }

    #[test]
    fn labels_are_whole_numbers_of_any_type() {
        let floats = image(vec![0.0f64, 3.0, 65536.0, 1.0], &[2, 2], "yx");
        assert_eq!(floats.to_labels_zyx().unwrap()[[0, 1, 0]], 65536);
        for (bad, text) in [
            (-1.0f32, "-1"),
            (0.5, "0.5"),
            (f32::NAN, "NaN"),
            (5e9, "5000000000"),
        ] {
            let error = image(vec![0.0, bad], &[1, 2], "yx")
                .to_labels_zyx()
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the image has the value {text} at z 0, y 0, x 1, which is not a label")
            );
        }
    }

    #[test]
    fn rgb_is_no_label_map() {
        let error = image(vec![0u8; 3], &[3, 1, 1], "cyx")
            .to_labels_zyx()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the image has 3 channels; labels need exactly one"
        );
    }

    #[test]
    fn a_result_takes_the_axes_and_pixel_size_of_its_source() {
        let size = PixelSize {
            z: Some(1.5),
            y: Some(0.25),
            x: Some(0.25),
        };
        let plane = image(vec![0u8; 6], &[3, 1, 2], "cyx").with_pixel_size(size);
        let stack = image(vec![0u8; 2], &[1, 1, 2], "zyx");
        let one = Image::from_czyx(Array4::<f32>::zeros((1, 1, 1, 2)), &plane);
        assert_eq!(
            (one.axes().to_string(), one.pixel_size()),
            ("yx".to_owned(), size)
        );
        let two = Image::from_czyx(Array4::<f32>::zeros((2, 1, 1, 2)), &plane);
        assert_eq!(two.axes().to_string(), "cyx");
        let flat = Image::from_czyx(Array4::<f32>::zeros((1, 1, 1, 2)), &stack);
        assert_eq!(flat.axes().to_string(), "zyx");
        let round = Array4::from_shape_fn((2, 1, 1, 2), |(c, _, _, x)| (c * 2 + x) as f32);
        assert_eq!(
            Image::from_czyx(round.clone(), &plane)
                .to_czyx_f32()
                .unwrap(),
            round
        );
    }

    #[test]
    fn labels_take_16_bits_while_they_fit() {
        let like = image(vec![0u8], &[1, 1], "yx");
        let small = Image::from_labels(&Array3::from_elem((1, 1, 1), 65535), &like);
        assert_eq!(
            small.pixels(),
            &Pixels::from(Array2::from_elem((1, 1), 65535u16))
        );
        let large = Image::from_labels(&Array3::from_elem((1, 1, 1), 65536), &like);
        assert_eq!(
            large.pixels(),
            &Pixels::from(Array2::from_elem((1, 1), 65536u32))
        );
    }
}
