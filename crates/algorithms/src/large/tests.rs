//! Volumes cut into blocks against the same volume in one piece.

use ndarray::{Array3, s};
use proptest::prelude::*;

use super::*;
use crate::measure::components::connected_components;
use crate::measure::labels;
use coverslip_image::DType;
use coverslip_image::Image;
use coverslip_image::sink::{self, Target};
use coverslip_image::source::{self, Source as _};

/// Labels in memory as a source and a sink of small blocks.
struct Memory {
    source: source::InMemory,
    sink: sink::InMemory,
}

impl Memory {
    fn of(labels: &Array3<u32>) -> Memory {
        let axes: coverslip_image::Axes = "zyx".parse().unwrap();
        let target = Target {
            axes: axes.clone(),
            shape: labels.shape().to_vec(),
            dtype: DType::UInt32,
            metadata: coverslip_image::Metadata::default(),
            is_labels: true,
        };
        let image = Image::new(labels.clone(), axes).unwrap();
        Memory {
            source: source::InMemory::new(image).with_block(vec![1, 2, 3]),
            sink: sink::InMemory::new(target).with_block(vec![1, 1, 1]),
        }
    }

    /// What was written.
    fn labels(&self) -> Array3<u32> {
        let image = self.sink.clone().into_image().unwrap();
        image.to_labels_zyx().unwrap()
    }

    /// Blocks of a few pixels.
    fn volume(&self) -> Volume<'_> {
        let memory = (30 * 24 * rayon::current_num_threads()) as u64;
        Volume::new(&self.source, memory).unwrap()
    }
}

/// Label images with a few values, so that objects are large, nested and cut by slabs.
fn images() -> impl Strategy<Value = Array3<u32>> {
    (1usize..8, 1usize..9, 1usize..9).prop_flat_map(|(z, y, x)| {
        let values = prop_oneof![3 => Just(0u32), 3 => Just(1), 1 => Just(2), 1 => Just(7)];
        prop::collection::vec(values, z * y * x)
            .prop_map(move |values| Array3::from_shape_vec((z, y, x), values).unwrap())
    })
}

proptest! {
    #[test]
    fn components_equal_those_in_one_piece(image in images(), connectivity in 1usize..4, seeds in prop::option::of(1u32..3), min_size in 1u64..5) {
        let (source, sink) = (Memory::of(&image), Memory::of(&image));
        let plan = components(source.volume(), connectivity, seeds).unwrap();
        plan.write(source.volume(), &sink.sink).unwrap();
        let values = match seeds {
            Some(seeds) => image.mapv(|value| u32::from(value == seeds)),
            None => image.clone(),
        };
        let whole = connected_components(&values.view(), connectivity).unwrap();
        prop_assert_eq!(plan.count(), whole.count);
        prop_assert_eq!(sink.labels(), whole.labels.clone());
        let mut kept = whole.labels;
        labels::remove_small_labels(&mut kept, min_size as usize);
        let (kept, _) = labels::relabel_sequential(&kept.view());
        let plan = plan.remove_small(min_size);
        plan.write(source.volume(), &sink.sink).unwrap();
        prop_assert_eq!(plan.count(), kept.iter().copied().max().unwrap_or(0));
        prop_assert_eq!(sink.labels(), kept);
    }

    #[test]
    fn small_labels_go_as_in_one_piece(image in images(), min_size in 1u64..9) {
        let (source, sink) = (Memory::of(&image), Memory::of(&image));
        let found = objects(source.volume()).unwrap();
        let numbers = Renumbering::without_small(&found, min_size);
        relabel(source.volume(), &numbers, &sink.sink).unwrap();
        let mut kept = image;
        labels::remove_small_labels(&mut kept, min_size as usize);
        prop_assert_eq!(sink.labels(), labels::relabel_sequential(&kept.view()).0);
    }

    #[test]
    fn holes_are_filled_as_in_one_piece(image in images()) {
        let (source, sink) = (Memory::of(&image), Memory::of(&image));
        let found = objects(source.volume()).unwrap();
        fill_label_holes(source.volume(), &found, &sink.sink).unwrap();
        let whole = if image.dim().0 == 1 {
            let plane = labels::fill_label_holes(&image.index_axis(ndarray::Axis(0), 0)).unwrap();
            plane.insert_axis(ndarray::Axis(0))
        } else {
            labels::fill_label_holes(&image.view()).unwrap()
        };
        prop_assert_eq!(sink.labels(), whole);
    }

    #[test]
    fn growth_in_passes_equals_growth_in_one_piece(image in images(), rounds in 1usize..4) {
        // 1 is an object's inside, 7 its rim.
        let inside = image.mapv(|value| u32::from(value == 1));
        let mut whole = connected_components(&inside.view(), 1).unwrap().labels;
        let classes = Memory::of(&image);
        let mut objects = Memory::of(&whole);
        loop {
            let next = Memory::of(&whole);
            let pass = grow::grow_once(objects.volume(), classes.volume(), 7, rounds, &next.sink).unwrap();
            objects = Memory::of(&next.labels());
            if !pass.goes_on {
                let found = super::objects(objects.volume()).unwrap();
                prop_assert_eq!(pass.found.into_objects(), found);
                break;
            }
        }
        labels::grow(&mut whole, &image, 7);
        let grown = objects.source.read().unwrap().to_labels_zyx().unwrap();
        prop_assert_eq!(grown, whole);
    }

    #[test]
    fn a_local_filter_sees_its_neighbourhood(image in images()) {
        let (source, sink) = (Memory::of(&image), Memory::of(&image));
        let opened = |part: ndarray::ArrayView3<'_, u32>| Ok(labels::remove_isolated_pixels(&part));
        // An opening looks at the neighbours of neighbours.
        local_filter(source.volume(), 2, &sink.sink, opened).unwrap();
        prop_assert_eq!(sink.labels(), labels::remove_isolated_pixels(&image.view()));
    }
}

#[test]
fn objects_of_overlapping_tiles_are_joined() {
    // Discs with room between them, found tile by tile with tile-wise numbers.
    let mut image = Array3::<u32>::zeros((1, 40, 60));
    for (index, (y, x)) in [(8, 8), (8, 27), (20, 20), (30, 45), (12, 50)]
        .into_iter()
        .enumerate()
    {
        for ((_, py, px), pixel) in image.indexed_iter_mut() {
            if py.abs_diff(y).pow(2) + px.abs_diff(x).pow(2) <= 16 {
                *pixel = index as u32 + 1;
            }
        }
    }
    let mut stitcher = Stitcher::new([1, 40, 60]);
    let mut joined = Array3::zeros((1, 40, 60));
    let mut take = |part: Option<(usize, Array3<u32>)>| {
        if let Some((start, part)) = part {
            let end = start + part.dim().1;
            joined.slice_mut(s![.., start..end, ..]).assign(&part);
        }
    };
    for y in [0, 10, 20] {
        take(stitcher.finish_until(y));
        for x in [0, 10, 20, 30, 40] {
            let tile = image.slice(s![.., y..y + 20, x..x + 20]);
            let found = connected_components(&tile, 1).unwrap().labels;
            stitcher.add([0, y, x], found.view()).unwrap();
        }
    }
    take(stitcher.finish_until(usize::MAX));
    assert_eq!(stitcher.count(), 5);
    let (canonical, _) = labels::relabel_sequential(
        &connected_components(&joined.view(), 1)
            .unwrap()
            .labels
            .view(),
    );
    assert_eq!(
        canonical,
        connected_components(&image.view(), 1).unwrap().labels
    );
    assert!(
        stitcher
            .add([0, 0, 0], image.slice(s![.., ..20, ..20]))
            .is_err()
    );
}
