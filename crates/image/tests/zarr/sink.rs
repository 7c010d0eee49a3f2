//! Blocks in any order and from any thread, interruptions, and replacing.

use std::path::{Path, PathBuf};

use coverslip_image::format::{Flavour, Resume, WriteOptions, create, open, read_image};
use coverslip_image::{ImageError, Pixels};
use ndarray::{ArrayD, Slice};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tempfile::TempDir;

use crate::{assert_pixels, begin, pattern, target, write};

const SHAPE: [usize; 4] = [2, 11, 150, 130];

fn values() -> ArrayD<u16> {
    pattern(&SHAPE, |i| (i % 65_521) as u16)
}

/// The origins of all blocks of these sides.
fn origins(sides: [usize; 4]) -> Vec<[usize; 4]> {
    let mut origins = vec![[0; 4]];
    for axis in 0..4 {
        let steps = || (0..SHAPE[axis]).step_by(sides[axis]);
        origins = origins
            .iter()
            .flat_map(|origin| {
                steps().map(|start| {
                    let mut origin = *origin;
                    origin[axis] = start;
                    origin
                })
            })
            .collect();
    }
    origins
}

fn block(values: &ArrayD<u16>, origin: [usize; 4], sides: [usize; 4]) -> Pixels {
    let part = values.slice_each_axis(|axis| {
        let axis = axis.axis.index();
        Slice::from(origin[axis]..(origin[axis] + sides[axis]).min(SHAPE[axis]))
    });
    part.to_owned().into()
}

fn options(flavour: Flavour) -> WriteOptions {
    WriteOptions {
        flavour: Some(flavour),
        tile: Some(32),
        ..WriteOptions::default()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn blocks_come_in_any_order_from_any_thread() {
    let values = values();
    for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
        for sides in [[1, 11, 32, 32], [1, 1, 150, 130], [2, 4, 37, 50]] {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.zarr");
            let mut origins = origins(sides);
            origins.shuffle(&mut ChaCha8Rng::seed_from_u64(7));
            let sink = begin(
                &path,
                &target("czyx", &values.clone().into()),
                &options(flavour),
            );
            origins
                .par_iter()
                .for_each(|&origin| sink.write(&origin, &block(&values, origin, sides)).unwrap());
            assert!(!path.exists());
            sink.finish().unwrap();
            assert_eq!(names(folder.path()), ["a.zarr"]);
            assert_pixels(&read_image(&path).unwrap(), &values.clone().into());
        }
    }
}

#[test]
fn an_interrupted_writing_goes_on() {
    let values = values();
    let target = target("czyx", &values.clone().into());
    let sides = [1, 11, 32, 32];
    for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zarr");
        let resume = WriteOptions {
            resume: Resume::Continue("test".to_owned()),
            ..options(flavour)
        };
        let first = begin(&path, &target, &resume);
        assert_eq!(first.block(), sides);
        let all = origins(sides);
        for &origin in &all[..20] {
            assert!(!first.is_written(&origin, &[1; 4]));
            first
                .write(&origin, &block(&values, origin, sides))
                .unwrap();
        }
        drop(first);
        assert!(!path.exists());
        assert_eq!(names(folder.path()).len(), 1);
        let second = begin(&path, &target, &resume);
        let left: Vec<_> = all
            .iter()
            .filter(|origin| !second.is_written(*origin, &[1; 4]))
            .collect();
        assert_eq!(left.len(), all.len() - 20);
        for &&origin in &left {
            second
                .write(&origin, &block(&values, origin, sides))
                .unwrap();
        }
        second.finish().unwrap();
        assert_eq!(names(folder.path()), ["a.zarr"]);
        assert_pixels(&read_image(&path).unwrap(), &values.clone().into());
    }
}

#[test]
fn another_target_begins_anew_and_without_resume_nothing_is_left() {
    let values = values();
    let target = target("czyx", &values.clone().into());
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let resume = WriteOptions {
        resume: Resume::Continue("test".to_owned()),
        ..options(Flavour::OmeZarr05)
    };
    let sides = [1, 11, 32, 32];
    let first = begin(&path, &target, &resume);
    first
        .write(&[0; 4], &block(&values, [0; 4], sides))
        .unwrap();
    let busy = create(&path, target.clone(), &resume).err().unwrap();
    assert!(busy.to_string().contains("another process"), "{busy}");
    drop(first);
    let mut other = target.clone();
    other.metadata.time_step = Some(1.0);
    let second = begin(&path, &other, &resume);
    assert!(!second.is_written(&[0; 4], &[1; 4]));
    second.finish().unwrap();
    assert_pixels(
        &read_image(&path).unwrap(),
        &Pixels::from(ArrayD::<u16>::zeros(SHAPE.to_vec())),
    );
    let third = begin(
        &folder.path().join("b.zarr"),
        &target,
        &options(Flavour::OmeZarr05),
    );
    third
        .write(&[0; 4], &block(&values, [0; 4], sides))
        .unwrap();
    drop(third);
    assert_eq!(names(folder.path()), ["a.zarr"]);
}

#[test]
fn only_a_zarr_is_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let one = Pixels::from(pattern(&[4, 4], |i| i as u8));
    let other = Pixels::from(pattern(&[5, 3], |i| i as f32));
    write(&path, &target("yx", &one), &one, &WriteOptions::default());
    write(
        &path,
        &target("yx", &other),
        &other,
        &WriteOptions::default(),
    );
    assert_pixels(&read_image(&path).unwrap(), &other);
    assert_eq!(names(folder.path()), ["a.zarr"]);
    let taken: [PathBuf; 2] = [folder.path().join("b.zarr"), folder.path().join("c.zarr")];
    std::fs::write(&taken[0], b"text").unwrap();
    std::fs::create_dir_all(taken[1].join("precious")).unwrap();
    for path in taken {
        let error = create(&path, target("yx", &one), &WriteOptions::default())
            .err()
            .unwrap();
        assert!(matches!(error, ImageError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("is no Zarr"), "{error}");
    }
}

#[test]
fn a_block_that_does_not_fit_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.zarr");
    let pixels = Pixels::from(pattern(&[4, 4], |i| i as u8));
    let sink = begin(&path, &target("yx", &pixels), &WriteOptions::default());
    for (origin, block) in [
        (vec![1, 0], pixels.clone()),
        (vec![0], pixels.clone()),
        (vec![usize::MAX, 0], pixels.clone()),
        (vec![0, 0], Pixels::from(pattern(&[4, 4], |i| i as u16))),
    ] {
        let error = sink.write(&origin, &block).unwrap_err();
        assert!(matches!(error, ImageError::Misuse { .. }), "{error}");
    }
}

#[test]
fn labels_join_their_image_with_as_many_levels() {
    for flavour in [Flavour::OmeZarr04, Flavour::OmeZarr05] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.ome.zarr");
        let options = options(flavour);
        let image = Pixels::from(pattern(&[2, 3, 300, 600], |i| i as u16));
        write(&path, &target("czyx", &image), &image, &options);
        let labels = Pixels::from(pattern(&[3, 300, 600], |i| (i / 100) as u32));
        let mut of_labels = target("zyx", &labels);
        of_labels.is_labels = true;
        for name in ["cells", "nuclei"] {
            let path = path.join("labels").join(name);
            write(
                &path,
                &of_labels,
                &labels,
                &WriteOptions {
                    flavour: None,
                    ..options.clone()
                },
            );
        }
        let source = open(&path).unwrap();
        assert_eq!(source.info().series, ["0", "labels/cells", "labels/nuclei"]);
        assert_eq!(source.info().levels.len(), 3);
        let series = crate::open_series(&path, "labels/nuclei");
        assert_eq!(
            series.info().levels,
            [[3, 300, 600], [2, 150, 300], [1, 75, 150]]
        );
        assert_pixels(&series.read().unwrap(), &labels);
        let Pixels::U32(values) = &labels else {
            panic!("another type")
        };
        let first = values.slice_each_axis(|_| Slice::new(0, None, 2));
        assert_pixels(
            &series.level(1).unwrap().read().unwrap(),
            &first.to_owned().into(),
        );
        assert_eq!(
            names(&path.join("labels"))
                .iter()
                .filter(|name| !name.starts_with('.') && *name != "zarr.json")
                .count(),
            2
        );
        let wrong = Pixels::from(pattern(&[3, 300, 601], |_| 1u8));
        let mut of_wrong = target("zyx", &wrong);
        of_wrong.is_labels = true;
        let error = create(path.join("labels/bad"), of_wrong, &options)
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("601 positions along x"),
            "{error}"
        );
    }
}
