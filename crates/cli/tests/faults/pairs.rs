//! Folders of images that do not go together.

use ndarray::ArrayD;

use coverslip_image::Pixels;

use crate::study::{Study, square};

const TRAIN: [&str; 2] = ["train", "run.yaml"];

#[test]
fn a_path_that_does_not_exist() {
    let study = Study::new();
    study.edit("run.yaml", "source: images", "source: imagse");
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/imagse` does not exist

    hint: check the spelling of the path; relative paths start at the folder of the config file
    ");
    assert_eq!(study.list("."), ["images", "masks", "run.yaml"]);
    insta::assert_snapshot!(study.fault(&["info", "imagse/a.tif"]), @"
    exit 2
    error: `imagse/a.tif` does not exist

    hint: check the spelling of the path
    ");
    insta::assert_snapshot!(
        study.fault(&["evaluate", "--prediction", "no", "--target", "masks", "--task", "semantic"]),
        @"
    exit 2
    error: `no` does not exist

    hint: check the spelling of the path; give the folder, not a file in it
    "
    );
}

#[test]
fn a_file_where_a_folder_belongs() {
    let study = Study::new();
    study.edit("run.yaml", "source: images", "source: images/a.tif");
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/images/a.tif` is a file, `DIR/masks` is a folder

    hint: give two folders, or two files
    ");
    insta::assert_snapshot!(study.fault(&["info", "images"]), @"
    exit 2
    error: `images` is a folder, not an image file

    hint: give the path of a file inside the folder
    ");
}

#[test]
fn an_empty_folder() {
    let study = Study::new();
    study.folder("nothing");
    study.edit("run.yaml", "source: images", "source: nothing");
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/nothing` holds no images

    hint: put images there; known extensions are tif, tiff, btf, tf2, tf8, png, jpg, jpeg, zarr, czi, nd2
    ");
    study.write("nothing/notes.txt", "no image");
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/nothing` holds no images

    hint: put images there; known extensions are tif, tiff, btf, tf2, tf8, png, jpg, jpeg, zarr, czi, nd2
    ");
}

#[test]
fn sources_without_targets() {
    let study = Study::new();
    study.remove("masks/a.tif");
    study.remove("masks/c.tif");
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: 2 of the 3 images in `DIR/images` have no image of the same name in `DIR/masks`: a, c

    hint: a target (or weight image) has the name of its source (the extension may differ); add the missing ones, or move these sources elsewhere
    ");
    for index in 0..20 {
        let name = format!("images/more{index:02}.tif");
        study.image(&name, "yx", square([32, 32], 0, 1, 2));
    }
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: 22 of the 23 images in `DIR/images` have no image of the same name in `DIR/masks`: a, c, more00, more01, more02, more03, more04, more05, more06, more07 and 12 more

    hint: a target (or weight image) has the name of its source (the extension may differ); add the missing ones, or move these sources elsewhere
    ");
}

#[test]
fn two_images_of_one_name() {
    let study = Study::new();
    study.image("images/b.png", "yx", square([32, 32], 0, 1, 2));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/images/b.png` and `DIR/images/b.tif` have the same name up to the extension

    hint: keep one of the two: images and masks belong together by their names
    ");
}

#[test]
fn too_few_images_to_split() {
    let study = Study::new();
    for name in ["b", "c"] {
        study.remove(&format!("images/{name}.tif"));
    }
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: 1 image cannot be split into training and validation

    hint: add images, or give validation images of their own with `data.validation`
    ");
}

#[test]
fn source_and_target_of_different_size() {
    let study = Study::new();
    study.image("masks/b.tif", "yx", square([32, 30], 0, 0, 1));
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/images/b.tif` has 32 x 32 pixels (YX), its target `DIR/masks/b.tif` has 32 x 30 pixels (YX)

    hint: a target has one value for each pixel of its source; check that the two files belong together
    ");
}

#[test]
fn images_with_different_channels() {
    let study = Study::new();
    let colour = Pixels::U8(ArrayD::from_elem(vec![3, 32, 32], 7));
    study.image("images/b.tif", "cyx", colour);
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    images: 2 to train on, 1 to validate on
    warning: `DIR/images/b.tif`: all pixels have the same value: it carries no information
    error: the source `DIR/images/b.tif` has 3 channels, `DIR/images/a.tif` has 1

    hint: use images with the same channels, or choose common ones with `data.channels`
    ");
}

#[test]
fn a_channel_that_the_images_do_not_have() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--set", "data.channels=[1]"]),
        @"
    exit 2
    images: 2 to train on, 1 to validate on
    error: `DIR/images/a.tif` has 1 channel, channel 1 (counted from 0) is asked for

    hint: correct `data.channels`
    "
    );
}

#[test]
fn a_subset_without_images() {
    let study = Study::new();
    study.write(
        "split.csv",
        "file,split\na.tif,train\nb.tif,train\nc.tif,val\n",
    );
    study.edit(
        "run.yaml",
        "target: masks}",
        "target: masks, split: split.csv, subset: trian}",
    );
    insta::assert_snapshot!(study.fault(&TRAIN), @"
    exit 2
    error: `DIR/split.csv` has no subset `trian`

    hint: it has train, val
    ");
}
