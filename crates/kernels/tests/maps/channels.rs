//! Copies of channels between maps.

use coverslip_kernels::Buffer;
use coverslip_kernels::maps::{Layout, MapShape, concatenate, split};
use rand::RngExt;

use crate::support::{cases, channels, extent, pick, read, store, values};

#[test]
fn concatenation_and_splitting() {
    for mut random in cases(60) {
        let extent = extent(&mut random);
        let mut shapes = Vec::new();
        for _ in 0..random.random_range(1..=4) {
            let shape = MapShape {
                extent,
                channels: channels(&mut random),
                layout: pick(&mut random, &[Layout::Planar, Layout::Blocked]),
            };
            shapes.push(shape);
        }
        let pixels = extent.pixels();
        let maps: Vec<Vec<f64>> = shapes
            .iter()
            .map(|shape| values(&mut random, extent.n * shape.channels * pixels))
            .collect();
        let mut whole = Vec::new();
        for image in 0..extent.n {
            for (shape, map) in shapes.iter().zip(&maps) {
                let len = shape.channels * pixels;
                whole.extend_from_slice(&map[image * len..][..len]);
            }
        }
        let stored = shapes
            .iter()
            .zip(&maps)
            .map(|(shape, map)| store(*shape, map));
        let stored: Vec<Buffer> = stored.collect();
        let pairs = shapes.iter().zip(&stored);
        let sources: Vec<_> = pairs.map(|(shape, map)| (*shape, map.as_slice())).collect();
        let channels = shapes.iter().map(|shape| shape.channels).sum();
        for result in [
            MapShape::planar(extent, channels),
            MapShape::blocked(extent, channels),
        ] {
            let got = concatenate(result, &sources);
            assert_eq!(read(result, got.as_slice()), whole);
            let parts = split(result, got.as_slice(), &shapes);
            for ((shape, map), part) in shapes.iter().zip(&maps).zip(parts) {
                assert_eq!(&read(*shape, part.as_slice()), map);
            }
        }
    }
}
