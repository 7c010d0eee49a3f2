//! Edge cases, and the index against looking at every pixel; reference values are in the golden
//! cases.

use ndarray::{Array2, Array3, Array4, arr2};

use super::*;
use crate::AlgorithmError;

/// A prediction in which every pixel is a centre of itself with a wide margin.
fn flat(shape: [usize; 2]) -> Array3<f32> {
    let mut prediction = Array3::zeros((5, shape[0], shape[1]));
    prediction.index_axis_mut(ndarray::Axis(0), 4).fill(5.0);
    prediction
}

const GRID: CoordinateGrid = CoordinateGrid {
    size: [16, 16, 16],
    extent: [1.0; 3],
};

fn options() -> ClusterOptions {
    ClusterOptions {
        min_mask_sum: 0,
        min_object_size: 0,
        ..ClusterOptions::default()
    }
}

#[test]
fn an_image_without_objects_has_none() {
    let mut prediction = flat([6, 7]);
    prediction.fill(-9.0);
    let labels = cluster(&prediction.view(), GRID, &options()).unwrap();
    assert_eq!(labels, Array2::<u32>::zeros((6, 7)));
    let empty = Array3::zeros((5, 0, 4));
    assert_eq!(cluster(&empty.view(), GRID, &options()).unwrap().len(), 0);
}

#[test]
fn a_wide_margin_takes_everything_and_a_narrow_one_nothing() {
    let mut prediction = flat([6, 7]);
    let labels = cluster(&prediction.view(), GRID, &options()).unwrap();
    assert_eq!(labels, Array2::<u32>::ones((6, 7)));
    for (margin, expected) in [(f32::NEG_INFINITY, 1), (f32::INFINITY, 0)] {
        prediction.slice_mut(ndarray::s![2..4, .., ..]).fill(margin);
        let labels = cluster(&prediction.view(), GRID, &options()).unwrap();
        assert_eq!(labels, Array2::from_elem((6, 7), expected), "{margin}");
    }
}

#[test]
fn what_is_no_prediction_is_refused() {
    let mut prediction = flat([6, 7]);
    prediction[[0, 2, 3]] = f32::NAN;
    let refused = cluster(&prediction.view(), GRID, &options()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the prediction has 1 value that is NaN"
    );
    let channels = Array3::<f32>::zeros((6, 4, 4));
    let refused = cluster(&channels.view(), GRID, &options()).unwrap_err();
    assert_eq!(refused.to_string(), "channels is 6, expected 4 or 5");
    let mut narrow = GRID;
    narrow.size[2] = 1;
    assert!(matches!(
        cluster(&flat([6, 7]).view(), narrow, &options()),
        Err(AlgorithmError::Parameter { name: "size", .. })
    ));
    let truth = Array2::<u32>::zeros((7, 6));
    assert!(matches!(
        cluster_with_truth(&flat([6, 7]).view(), &truth.view(), GRID),
        Err(AlgorithmError::ShapeMismatch { .. })
    ));
    assert!(instance_centers(&truth.view(), CenterMode::Medoid, 0.0).is_err());
}

/// Numbers that look random, from -1 to 1.
fn noise(at: usize) -> f32 {
    let mixed = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)) % 20011) as f32 / 10005.5 - 1.0
}

#[test]
fn the_index_finds_what_looking_at_every_pixel_finds() {
    let shape = (7, 6, 20, 22);
    let mut at = 0;
    let prediction = Array4::from_shape_simple_fn(shape, || {
        at += 1;
        noise(at)
    });
    let view = prediction.view();
    let embedding = embedding::Embedding::of(&view, GRID).unwrap();
    let places: Vec<_> = (0..embedding.pixels())
        .map(|pixel| embedding.place(pixel))
        .collect();
    let index = index::Index::new(&places);
    let mut found = Vec::new();
    for pixel in (0..places.len()).step_by(37) {
        let margins = embedding.log_margins(pixel);
        let near = embedding::Neighbourhood::new(places[pixel], margins);
        index.find(near, &mut found);
        found.sort_unstable();
        let all = (0..places.len()).filter(|&other| near.contains(places[other]));
        assert_eq!(found, all.collect::<Vec<_>>(), "{pixel}");
    }
}

#[test]
fn one_margin_may_serve_all_axes() {
    let both = flat([8, 8]).mapv(|value| value - 0.1);
    let one = ndarray::concatenate(
        ndarray::Axis(0),
        &[
            both.slice(ndarray::s![..3, .., ..]),
            both.slice(ndarray::s![4.., .., ..]),
        ],
    )
    .unwrap();
    assert_eq!(
        cluster(&one.view(), GRID, &options()).unwrap(),
        cluster(&both.view(), GRID, &options()).unwrap()
    );
}

#[test]
fn anisotropy_counts_along_z() {
    // A corner with two pixels along Z and two along X.
    let mut labels = Array3::<u32>::zeros((3, 1, 3));
    for at in [[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, 2]] {
        labels[at] = 4;
    }
    let center = |anisotropy| {
        let found = instance_centers(&labels.view(), CenterMode::Medoid, anisotropy).unwrap();
        (found[0].label, found[0].position.clone())
    };
    assert_eq!(center(1.0), (4, vec![0, 0, 1]));
    assert_eq!(center(0.1).1, vec![1, 0, 0]);
    let map = arr2(&[[1_u32, 1], [0, 0]]);
    let mask = center_image(&map.view(), CenterMode::Centroid, 1.0).unwrap();
    assert_eq!(mask, arr2(&[[true, false], [false, false]]));
}
