//! Joining, padding and cropping, and what the lanes without a channel hold.

use burn::tensor::{Tensor, ops::PadMode};
use coverslip_ops::{FeatureMap, Margin, Padding};

use crate::support::{Chance, Sizes, compare, map};

const MAPS: [Sizes; 6] = [
    [2, 1, 1, 5, 7],
    [1, 15, 3, 4, 3],
    [2, 16, 2, 3, 3],
    [3, 17, 1, 3, 5],
    [2, 32, 2, 3, 4],
    [1, 40, 4, 2, 6],
];

#[test]
fn zeros_around() {
    let mut chance = Chance::new(5);
    for sizes in MAPS {
        let pairs: Padding = [0; 3].map(|_| (chance.number(0, 3), chance.number(0, 3)));
        let [z, y, x] = pairs;
        compare(
            &format!("zeros, {pairs:?}"),
            &[sizes],
            |inputs| map(&inputs[0]).pad_zero(pairs).into_tensor(),
            |inputs| inputs[0].clone().pad([(0, 0), (0, 0), z, y, x], 0.0),
        );
    }
}

#[test]
fn reflections_around() {
    let mut chance = Chance::new(6);
    for sizes in MAPS {
        let [_, _, z, y, x] = sizes;
        let pairs: Padding =
            [z, y, x].map(|size| (chance.number(0, size - 1), chance.number(0, size - 1)));
        let [z, y, x] = pairs;
        compare(
            &format!("reflections, {pairs:?}"),
            &[sizes],
            |inputs| map(&inputs[0]).pad(pairs, Margin::Reflect).into_tensor(),
            |inputs| {
                inputs[0]
                    .clone()
                    .pad([(0, 0), (0, 0), z, y, x], PadMode::Reflect)
            },
        );
    }
}

#[test]
fn edges_repeated_around() {
    let mut chance = Chance::new(8);
    for sizes in MAPS {
        let pairs: Padding = [0; 3].map(|_| (chance.number(0, 9), chance.number(0, 9)));
        let [z, y, x] = pairs;
        compare(
            &format!("edges, {pairs:?}"),
            &[sizes],
            |inputs| map(&inputs[0]).pad(pairs, Margin::Replicate).into_tensor(),
            |inputs| {
                inputs[0]
                    .clone()
                    .pad([(0, 0), (0, 0), z, y, x], PadMode::Edge)
            },
        );
    }
}

#[test]
fn the_other_side_around() {
    let mut chance = Chance::new(9);
    for sizes in MAPS {
        let [_, _, z, y, x] = sizes;
        let pairs: Padding = [z, y, x].map(|size| (chance.number(0, size), chance.number(0, size)));
        compare(
            &format!("other side, {pairs:?}"),
            &[sizes],
            |inputs| map(&inputs[0]).pad(pairs, Margin::Circular).into_tensor(),
            |inputs| {
                // A part of three copies along each axis.
                let mut tensor = inputs[0].clone();
                for (axis, (before, after)) in (2..).zip(pairs) {
                    let count = tensor.dims()[axis];
                    let copies = Tensor::cat(vec![tensor.clone(), tensor.clone(), tensor], axis);
                    tensor = copies.narrow(axis, count - before, before + count + after);
                }
                tensor
            },
        );
    }
}

#[test]
fn parts() {
    let mut chance = Chance::new(7);
    for sizes in MAPS {
        let [n, c, z, y, x] = sizes;
        let start = [z, y, x].map(|size| chance.number(0, size - 1));
        let size = [0, 1, 2].map(|axis| chance.number(1, sizes[axis + 2] - start[axis]));
        let [z, y, x] = [0, 1, 2].map(|axis| start[axis]..start[axis] + size[axis]);
        compare(
            &format!("{size:?} from {start:?}"),
            &[sizes],
            |inputs| map(&inputs[0]).crop(start, size).into_tensor(),
            |inputs| {
                inputs[0]
                    .clone()
                    .slice([0..n, 0..c, z.clone(), y.clone(), x.clone()])
            },
        );
    }
}

#[test]
fn joined_maps() {
    for sources in [
        &[32, 17][..],
        &[17, 32, 5],
        &[3, 16, 2],
        &[5, 9],
        &[9, 5, 2],
        &[16; 7],
        &[7; 9],
        &[16, 3, 16],
        &[40],
    ] {
        let maps: Vec<Sizes> = sources.iter().map(|&c| [2, c, 2, 3, 4]).collect();
        compare(
            "joined",
            &maps,
            |inputs| FeatureMap::concat(inputs.iter().map(map).collect()).into_tensor(),
            |inputs| Tensor::cat(inputs, 1),
        );
        // Joined again, cropped and padded: every way on from several sources.
        compare(
            "joined twice",
            &maps,
            |inputs| {
                let once = FeatureMap::concat(inputs.iter().map(map).collect());
                let twice = FeatureMap::concat(vec![once.clone(), once]);
                let padded = twice.pad_zero([(1, 0), (0, 1), (1, 1)]);
                padded.crop([1, 1, 0], [2, 3, 5]).into_tensor()
            },
            |inputs| {
                let once = Tensor::cat(inputs, 1);
                let twice = Tensor::cat(vec![once.clone(), once], 1);
                let padded = twice.pad([(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)], 0.0);
                let [n, c, ..] = padded.dims();
                padded.slice([0..n, 0..c, 1..3, 1..4, 0..5])
            },
        );
    }
}
