//! Round trips, damage, and sizes; reference values are in the golden cases.

use ndarray::Array2;
use proptest::prelude::*;

use super::*;
use crate::methods::keypoint::{Kernel, Optics};

const CODECS: [Codec; 3] = [Codec::Context, Codec::Rice, Codec::Bitmap];

fn file(keypoints: Array2<bool>) -> KeypointFile {
    KeypointFile {
        keypoints,
        threshold: 0.3,
        kernel: Some(Kernel::Airy(Optics::default())),
        intensities: None,
    }
}

fn bitmaps() -> impl Strategy<Value = Array2<bool>> {
    (0_usize..20, 0_usize..20, 0.0..1.0).prop_flat_map(|(height, width, density)| {
        proptest::collection::vec(proptest::bool::weighted(density), height * width)
            .prop_map(move |pixels| Array2::from_shape_vec((height, width), pixels).unwrap())
    })
}

fn kernels() -> impl Strategy<Value = Option<Kernel>> {
    let optics = Optics {
        size: Some(7),
        ..Optics::default()
    };
    prop_oneof![
        Just(None),
        Just(Some(Kernel::default())),
        Just(Some(Kernel::Mean { size: 300 })),
        Just(Some(Kernel::Gaussian {
            size: 5,
            sigma: Some(1.1)
        })),
        Just(Some(Kernel::Airy(optics))),
        Just(Some(Kernel::AiryGaussian(Optics::default()))),
    ]
}

proptest! {
    #[test]
    fn files_are_read_as_written(
        keypoints in bitmaps(),
        kernel in kernels(),
        threshold in 0.0..1.0,
        bits in 0_u8..=8,
    ) {
        let points = keypoints.iter().filter(|&&is_point| is_point).count();
        let values: Vec<f64> = (0..points).map(|i| i as f64 / points as f64).collect();
        let written = KeypointFile {
            keypoints,
            threshold,
            kernel,
            intensities: Intensities::quantized(&values, bits).ok(),
        };
        for codec in CODECS {
            let bytes = written.to_bytes(codec).unwrap();
            prop_assert_eq!(&KeypointFile::from_bytes(&bytes, 400).unwrap(), &written);
        }
    }

    #[test]
    fn damage_is_an_error(keypoints in bitmaps(), at in 0.0..1.0, flip in 1_u8..=255) {
        for codec in CODECS {
            let bytes = file(keypoints.clone()).to_bytes(codec).unwrap();
            let at = (at * bytes.len() as f64) as usize;
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            prop_assert!(KeypointFile::from_bytes(&damaged, MAX_PIXELS).is_err());
            prop_assert!(KeypointFile::from_bytes(&bytes[..at], MAX_PIXELS).is_err());
        }
    }

    #[test]
    fn any_content_with_a_right_sum_is_read_or_refused(content in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut bytes = [&b"CSKP\x01"[..], &content].concat();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        if let Ok(found) = KeypointFile::from_bytes(&bytes, 10_000) {
            prop_assert!(found.keypoints.len() <= 10_000);
        }
    }
}

#[test]
fn faults_are_named() {
    let bytes = file(Array2::from_elem((5, 5), true))
        .to_bytes(Codec::Rice)
        .unwrap();
    let error = |bytes: &[u8]| KeypointFile::from_bytes(bytes, 20).unwrap_err();
    assert_eq!(
        error(b"PNG"),
        KeypointError::NotKeypoints {
            begins: b"PNG".to_vec()
        }
    );
    assert_eq!(error(b"CSKP\x09"), KeypointError::Version { version: 9 });
    assert_eq!(error(b"CSKP"), KeypointError::Truncated { part: "header" });
    assert!(matches!(
        error(&bytes[..20]),
        KeypointError::Checksum { .. }
    ));
    assert_eq!(
        error(&bytes).to_string(),
        "the file of key points is damaged: the size is 5 x 5, expected at most 20 pixels"
    );
    let mut with = file(Array2::from_elem((2, 2), true));
    with.intensities = Some(Intensities {
        bits: 2,
        levels: vec![0, 1, 2, 4],
    });
    let error = with.to_bytes(Codec::Bitmap).unwrap_err().to_string();
    assert!(
        error.ends_with("an intensity is 4, expected at most 3"),
        "{error}"
    );
    assert!(Intensities::quantized(&[], 9).is_err());
}

#[test]
fn lines_cost_less_than_scattered_points() {
    let lines = Array2::from_shape_fn((200, 200), |(y, x)| x % 40 == (y / 3) % 40);
    let cost = storage_cost(&lines.view());
    assert!(
        (8 * cost.context_bytes) as f64 <= 0.3 * cost.set_bits,
        "{cost:?}"
    );
    // A coder of ideal length spends no more than its model: entropy and what learning costs.
    let scattered = Array2::from_shape_fn((200, 200), |(y, x)| (y * 7919 + x * 104_729) % 33 == 0);
    let cost = storage_cost(&scattered.view());
    assert!(cost.bitmap_bytes == 5000 && cost.varint_bytes > 0);
    let none = storage_cost(&Array2::from_elem((0, 0), false).view());
    assert_eq!(
        (none.points, none.set_bits, none.entropy_bits),
        (0, 0.0, 0.0)
    );
}
