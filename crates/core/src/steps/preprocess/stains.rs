//! Macenko's normalisation as a step.

use coverslip_algorithms::AlgorithmError;
use ndarray::{Array3, Array4, Axis};

use super::{Applied, PreprocessStep};
use crate::steps::operation::Stains;

/// Each section by itself, `[3, Y, X]`. A section without tissue stays as it is, with a warning.
impl PreprocessStep for Stains {
    fn apply(&self, image: &mut Array4<f32>) -> Result<Applied, AlgorithmError> {
        let mut unstained = 0;
        for mut section in image.axis_iter_mut(Axis(1)) {
            let colours = bytes(&section.to_owned())?;
            match self.method.separate(&colours.view())? {
                Ok(stains) => {
                    let changed = self.output.of(&stains);
                    section.zip_mut_with(&changed, |to, &from| *to = f32::from(from));
                }
                Err(_) => unstained += 1,
            }
        }
        let sections = image.len_of(Axis(1));
        let warning = (unstained > 0).then(|| {
            let place = if sections == 1 {
                String::new()
            } else {
                format!(" in {unstained} of {sections} sections")
            };
            format!("no two stains were found{place}: `macenko` left the colours as they are")
        });
        Ok(Applied {
            warning,
            undo: None,
        })
    }
}

/// The samples as the bytes that they are in a file of colours.
fn bytes(section: &Array3<f32>) -> Result<Array3<u8>, AlgorithmError> {
    let is_byte = |value: f32| (0.0..=255.0).contains(&value) && value.fract() == 0.0;
    match section.iter().find(|&&value| !is_byte(value)) {
        Some(value) => Err(AlgorithmError::Parameter {
            name: "a colour",
            got: value.to_string(),
            expected: "a whole number from 0 to 255: `macenko` is for 8-bit images, before other \
                       steps"
                .to_owned(),
        }),
        None => Ok(section.mapv(|value| value as u8)),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    /// Two stains in varying amounts, with noise in the least bits.
    fn tissue() -> Array4<f32> {
        let colours = [[0.65, 0.07], [0.70, 0.99], [0.29, 0.11]];
        Array4::from_shape_fn((3, 1, 24, 24), |(colour, _, y, x)| {
            let [first, second] = colours[colour];
            let density = first * (0.3 + y as f64 / 24.0) + second * (0.3 + x as f64 / 24.0);
            ((240.0 * (-density).exp()) as f32).round()
        })
    }

    #[test]
    fn the_step_is_the_operation() {
        let image = tissue();
        let step = Stains::default();
        let mut changed = image.clone();
        let applied = step.apply(&mut changed).unwrap();
        assert_eq!(applied.warning, None);
        let section = image.index_axis(Axis(1), 0).mapv(|value| value as u8);
        let stains = step.method.separate(&section.view()).unwrap().unwrap();
        let expected = stains.normalized().mapv(f32::from);
        assert_eq!(changed.index_axis(Axis(1), 0), expected);
        assert_ne!(changed, image);
    }

    #[test]
    fn glass_stays_and_other_than_bytes_are_refused() {
        let mut glass = Array4::from_elem((3, 2, 4, 4), 250.0);
        let applied = Stains::default().apply(&mut glass).unwrap();
        assert_eq!(
            applied.warning.unwrap(),
            "no two stains were found in 2 of 2 sections: `macenko` left the colours as they are"
        );
        assert!(glass.iter().all(|&value| value == 250.0));
        for wrong in [0.5, -1.0, 256.0, f32::NAN] {
            let mut image = Array4::from_elem((3, 1, 4, 4), wrong);
            assert!(Stains::default().apply(&mut image).is_err(), "{wrong}");
        }
    }
}
