//! Folders of images that do not go together.

use ndarray::ArrayD;

use coverslip_image::Pixels;

use crate::study::{Study, square};

const TRAIN: [&str; 2] = ["train", "run.yaml"];

#[test]
fn a_path_that_does_not_exist() {
    let study = Study::new();
    study.edit("run.yaml", "source: images", "source: imagse");
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
    assert_eq!(study.list("."), ["images", "masks", "run.yaml"]);
    insta::assert_snapshot!(study.fault(&["info", "imagse/a.tif"]), @"");
    insta::assert_snapshot!(
        study.fault(&["evaluate", "--prediction", "no", "--target", "masks", "--task", "semantic"]),
        @""
    );
}

#[test]
fn a_file_where_a_folder_belongs() {
    let study = Study::new();
    study.edit("run.yaml", "source: images", "source: images/a.tif");
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
    insta::assert_snapshot!(study.fault(&["info", "images"]), @"");
}

#[test]
fn an_empty_folder() {
    let study = Study::new();
    study.folder("nothing");
    study.edit("run.yaml", "source: images", "source: nothing");
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
    study.write("nothing/notes.txt", "no image");
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn sources_without_targets() {
    let study = Study::new();
    study.remove("masks/a.tif");
    study.remove("masks/c.tif");
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
    for index in 0..20 {
        let name = format!("images/more{index:02}.tif");
        study.image(&name, "yx", square([32, 32], 0, 1, 2));
    }
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn two_images_of_one_name() {
    let study = Study::new();
    study.image("images/b.png", "yx", square([32, 32], 0, 1, 2));
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn too_few_images_to_split() {
    let study = Study::new();
    for name in ["b", "c"] {
        study.remove(&format!("images/{name}.tif"));
    }
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn source_and_target_of_different_size() {
    let study = Study::new();
    study.image("masks/b.tif", "yx", square([32, 30], 0, 0, 1));
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn images_with_different_channels() {
    let study = Study::new();
    let colour = Pixels::U8(ArrayD::from_elem(vec![3, 32, 32], 7));
    study.image("images/b.tif", "cyx", colour);
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}

#[test]
fn a_channel_that_the_images_do_not_have() {
    let study = Study::new();
    insta::assert_snapshot!(
        study.fault(&["train", "run.yaml", "--set", "data.channels=[1]"]),
        @""
    );
}

#[test]
fn a_subset_without_images() {
    let study = Study::new();
    study.write("split.csv", "file,split\na.tif,train\nb.tif,train\nc.tif,val\n");
    study.edit(
        "run.yaml",
        "target: masks}",
        "target: masks, split: split.csv, subset: trian}",
    );
    insta::assert_snapshot!(study.fault(&TRAIN), @"");
}
