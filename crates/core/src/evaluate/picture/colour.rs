//! Colours for labels and errors.

/// The colours of an error map, from no error to the largest, evenly spaced: dark to light, so
/// that it reads in grey and with any colour vision.
pub const ERROR_SCALE: [[u8; 3]; 6] = [
    [0, 0, 6],
    [61, 14, 97],
    [142, 36, 104],
    [214, 72, 70],
    [250, 148, 44],
    [252, 252, 178],
];

/// Fraction of a full turn by which the hue moves from one label to the next: the golden ratio
/// keeps any run of consecutive labels apart.
const HUE_STEP: f64 = 0.618_033_988_749_895;

/// The colour of a label: black for 0, else a bright colour that depends on the label alone.
pub fn label_colour(label: u32) -> [u8; 3] {
    if label == 0 {
        return [0; 3];
    }
    let hue = (f64::from(label) * HUE_STEP).fract() * 6.0;
    // Three tones, so that labels whose hues come close still differ.
    let value = [1.0, 0.82, 0.68][label as usize % 3];
    let channel = |shift: f64| {
        let distance = ((hue + shift) % 6.0 - 3.0).abs() - 1.0;
        let pure = distance.clamp(0.0, 1.0);
        ((0.25 + 0.75 * pure) * value * 255.0).round() as u8
    };
    [channel(0.0), channel(4.0), channel(2.0)]
}

/// The colour of an error as a fraction of the largest one; grey for what is not a number.
pub fn error_colour(fraction: f64) -> [u8; 3] {
    if fraction.is_nan() {
        return [128; 3];
    }
    let position = fraction.clamp(0.0, 1.0) * (ERROR_SCALE.len() - 1) as f64;
    let index = (position as usize).min(ERROR_SCALE.len() - 2);
    let part = position - index as f64;
    let mix = |channel: usize| {
        let [low, high] = [index, index + 1].map(|at| f64::from(ERROR_SCALE[at][channel]));
        (low + (high - low) * part).round() as u8
    };
    [mix(0), mix(1), mix(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_labels_look_different() {
        for label in 1..2000_u32 {
            for other in label + 1..label + 6 {
                let pairs = label_colour(label).into_iter().zip(label_colour(other));
                let distance: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum();
                assert!(distance > 60, "{label} and {other}");
            }
            assert!(label_colour(label).into_iter().max() > Some(150));
        }
        assert_eq!(label_colour(0), [0; 3]);
    }

    #[test]
    fn errors_run_from_dark_to_light() {
        assert_eq!(error_colour(0.0), ERROR_SCALE[0]);
        assert_eq!(error_colour(7.0), ERROR_SCALE[5]);
        assert_eq!(error_colour(f64::NAN), [128; 3]);
        let light = |colour: [u8; 3]| colour.map(u32::from).iter().sum::<u32>();
        for step in 0..20 {
            let [a, b] = [step, step + 1].map(|i| light(error_colour(f64::from(i) / 20.0)));
            assert!(a < b);
        }
    }
}
