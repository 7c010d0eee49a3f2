//! The exact texts of what can be wrong with the images to train on.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use coverslip::base::error::Fault;
use coverslip::data::{DataError, DataSet, Recipe, TargetForm, split_fraction};
use coverslip_image::image::PixelType;
use coverslip_image::{Image, write_image};
use insta::assert_snapshot;
use ndarray::Array;
use tempfile::TempDir;

/// A folder with `images` and `masks`.
struct Folders(TempDir);

impl Folders {
    fn new() -> Self {
        let folders = Self(TempDir::new().unwrap());
        for name in ["images", "masks"] {
            fs::create_dir(folders.path(name)).unwrap();
        }
        folders
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn image<T: PixelType>(&self, name: &str, axes: &str, shape: &[usize], value: T) {
        let image = Image::new(Array::from_elem(shape, value), axes.parse().unwrap()).unwrap();
        write_image(self.path(name), &image).unwrap();
    }

    fn plane(&self, name: &str) {
        self.image(name, "yx", &[4, 5], 1u8);
    }

    fn pairs(&self) -> Result<DataSet, DataError> {
        DataSet::from_folders(&self.path("images"), &self.path("masks"))
    }

    fn split(&self, table: &str, subset: &str) -> Result<DataSet, DataError> {
        fs::write(self.path("split.csv"), table).unwrap();
        let [images, masks, split] = ["images", "masks", "split.csv"].map(|name| self.path(name));
        DataSet::with_split(&images, &masks, &split, subset)
    }

    fn load(&self, target: TargetForm) -> Result<Vec<String>, DataError> {
        let data = self.pairs()?;
        Ok(Recipe::new(target).load(&data.pairs()[0])?.warnings)
    }

    /// The message and the hint, with the folder taken out of the paths.
    fn text(&self, error: &DataError) -> String {
        let hint = error
            .hint()
            .map_or(String::new(), |hint| format!("\nhint: {hint}"));
        format!("{error}{hint}").replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn names(data: &DataSet) -> Vec<&str> {
    data.pairs().iter().map(|pair| pair.name.as_str()).collect()
}

#[test]
fn no_such_path() {
    let folders = Folders::new();
    let error = DataSet::from_folders(&folders.path("imges"), &folders.path("masks")).unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `imges` does not exist
    hint: check the spelling of the path; relative paths start at the folder of the config file
    ");
}

#[test]
fn an_empty_folder() {
    let folders = Folders::new();
    fs::write(folders.path("images/.hidden.tif"), "").unwrap();
    assert_snapshot!(folders.text(&folders.pairs().unwrap_err()), @"
    `images` holds no images
    hint: put images there; known extensions are tif, tiff, btf, tf2, tf8, png, jpg, jpeg, zarr, czi, nd2
    ");
}

#[test]
fn sources_without_targets() {
    let folders = Folders::new();
    for number in 0..13 {
        folders.plane(&format!("images/a{number:02}.png"));
    }
    folders.plane("masks/a07.tif");
    assert_snapshot!(folders.text(&folders.pairs().unwrap_err()), @r"
    12 of the 13 images in `images` have no image of the same name in `masks`: a00, a01, a02, a03, a04, a05, a06, a08, a09, a10 and 2 more
    hint: a target (or weight image) has the name of its source (the extension may differ); add the missing ones, or move these sources elsewhere
    ");
}

#[test]
fn two_files_of_one_name() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.plane("images/a.tif");
    assert_snapshot!(folders.text(&folders.pairs().unwrap_err()), @r"
    `images/a.png` and `images/a.tif` have the same name up to the extension
    hint: keep one of the two: images and masks belong together by their names
    ");
}

#[test]
fn a_file_and_a_folder() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    let image = folders.path("images/a.png");
    let error = DataSet::from_folders(&image, &folders.path("masks")).unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `images/a.png` is a file, `masks` is a folder
    hint: give two folders, or two files
    ");
    assert_eq!(
        names(&DataSet::from_folders(&image, &image).unwrap()),
        ["a"]
    );
}

#[test]
fn names_pair_up_to_the_extension_and_other_files_warn() {
    let folders = Folders::new();
    for name in [
        "images/b.png",
        "images/a.ome.tif",
        "masks/a.png",
        "masks/b.tif",
        "masks/c.tif",
    ] {
        folders.plane(name);
    }
    fs::write(folders.path("images/notes.txt"), "by hand").unwrap();
    fs::create_dir(folders.path("images/old.tif")).unwrap();
    let data = folders.pairs().unwrap();
    assert_eq!(names(&data), ["a", "b"]);
    assert_eq!(data.pairs()[0].target, Some(folders.path("masks/a.png")));
    let folder = format!("{}/", folders.0.path().display());
    assert_snapshot!(data.warnings().join("\n").replace(&folder, ""), @"passed over files in `images` that are no images: notes.txt");
}

#[test]
fn source_and_target_of_different_size() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.image("masks/a.png", "yx", &[5, 4], 0u8);
    let error = folders.pairs().unwrap().check_sizes().unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `images/a.png` has 4 x 5 pixels (YX), its target `masks/a.png` has 5 x 4 pixels (YX)
    hint: a target has one value for each pixel of its source; check that the two files belong together
    ");
    let loaded = folders
        .load(TargetForm::Classes { classes: 2 })
        .unwrap_err();
    assert_eq!(loaded.to_string(), error.to_string());
    folders.image("images/a.png", "yx", &[5, 4], 0u8);
    folders.image("masks/a.tif", "zyx", &[3, 5, 4], 0u8);
    fs::remove_file(folders.path("masks/a.png")).unwrap();
    assert_snapshot!(folders.text(&folders.pairs().unwrap().check_sizes().unwrap_err()), @r"
    `images/a.png` has 1 x 5 x 4 pixels (ZYX), its target `masks/a.tif` has 3 x 5 x 4 pixels (ZYX)
    hint: a target has one value for each pixel of its source; check that the two files belong together
    ");
}

#[test]
fn weights_that_are_none() {
    let folders = Folders::new();
    fs::create_dir(folders.path("weights")).unwrap();
    folders.plane("images/a.png");
    folders.plane("masks/a.png");
    folders.plane("weights/b.png");
    let weighted = || folders.pairs()?.with_weights(&folders.path("weights"));
    assert_snapshot!(folders.text(&weighted().unwrap_err()), @"
    1 of the 1 image in `images` have no image of the same name in `weights`: a
    hint: a target (or weight image) has the name of its source (the extension may differ); add the missing ones, or move these sources elsewhere
    ");
    folders.image("weights/a.tif", "yx", &[5, 5], 1u8);
    assert_snapshot!(folders.text(&weighted().unwrap().check_sizes().unwrap_err()), @"
    `images/a.png` has 4 x 5 pixels (YX), its weights `weights/a.tif` have 5 x 5 pixels (YX)
    hint: there is one weight for each pixel of a source; check that the two files belong together
    ");
    let load = |shape: &[usize], axes: &str, value: f32| {
        folders.image("weights/a.tif", axes, shape, value);
        let data = weighted().unwrap();
        let recipe = Recipe::new(TargetForm::Classes { classes: 2 });
        recipe.load(&data.pairs()[0]).map(|sample| sample.weight)
    };
    assert_snapshot!(folders.text(&load(&[4, 5], "yx", 0.0).unwrap_err()), @"
    `weights/a.tif` does not hold weights of pixels: all its values are 0, so that nothing of the image would be learnt
    hint: a weight image has one channel and a number of at least 0 for each pixel: 0 leaves the pixel out, 1 counts it once; mend it, or take the image out of training
    ");
    assert_snapshot!(folders.text(&load(&[4, 5], "yx", -2.0).unwrap_err()), @"
    `weights/a.tif` does not hold weights of pixels: it has the value -2, and weights are at least 0
    hint: a weight image has one channel and a number of at least 0 for each pixel: 0 leaves the pixel out, 1 counts it once; mend it, or take the image out of training
    ");
    assert_snapshot!(folders.text(&load(&[2, 4, 5], "cyx", 1.0).unwrap_err()), @"
    `weights/a.tif` does not hold weights of pixels: it has 2 channels, and weights have one
    hint: a weight image has one channel and a number of at least 0 for each pixel: 0 leaves the pixel out, 1 counts it once; mend it, or take the image out of training
    ");
    assert_snapshot!(folders.text(&load(&[4, 5], "yx", f32::NAN).unwrap_err()), @"
    `weights/a.tif` has 20 values that are NaN or infinite, the first (NaN) at y 0, x 0
    hint: replace these values, for instance by 0, and save the image again
    ");
    let weight = load(&[4, 5], "yx", 0.5).unwrap().unwrap();
    assert_eq!(weight.dim(), (1, 1, 4, 5));
    assert!(weight.iter().all(|&value| value == 0.5));
}

#[test]
fn pixels_of_the_ignored_label_have_no_weight() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    let mut mask = Array::from_elem(ndarray::IxDyn(&[4, 5]), 1u8);
    mask[[1, 2]] = 255;
    let image = Image::new(mask, "yx".parse().unwrap()).unwrap();
    write_image(folders.path("masks/a.png"), &image).unwrap();
    let data = folders.pairs().unwrap();
    for target in [
        TargetForm::Classes { classes: 2 },
        TargetForm::Borders {
            border_width: 0,
            by_section: true,
        },
    ] {
        let recipe = Recipe {
            ignore_label: Some(255),
            ..Recipe::new(target)
        };
        let sample = recipe.load(&data.pairs()[0]).unwrap();
        let weight = sample.weight.unwrap();
        assert_eq!(weight.sum(), 19.0);
        assert_eq!(weight[[0, 0, 1, 2]], 0.0);
        let target = sample.target.unwrap();
        assert_eq!(target[[0, 0, 1, 2]], 0.0);
        assert_eq!(target.sum(), 19.0);
    }
}

#[test]
fn more_labels_than_classes() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.image("masks/a.png", "yx", &[4, 5], 33u8);
    let error = folders
        .load(TargetForm::Classes { classes: 3 })
        .unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `masks/a.png` has the label 33, but with 3 classes the labels go from 0 to 2
    hint: set `data.classes` to 34; or, if the labels number the objects, `data.target_kind` to instance; or, if pixels of this label do not count, `data.ignore_label` to 33
    ");
}

#[test]
fn a_mask_of_0_and_255_has_two_classes() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.image("masks/a.png", "yx", &[4, 5], 255u8);
    let load = |classes| {
        let data = folders.pairs().unwrap();
        Recipe::new(TargetForm::Classes { classes }).load(&data.pairs()[0])
    };
    assert!(
        load(2)
            .unwrap()
            .target
            .unwrap()
            .iter()
            .all(|&class| class == 1.0)
    );
    assert!(matches!(
        load(3),
        Err(DataError::TooManyClasses { largest: 255, .. })
    ));
}

#[test]
fn values_that_are_not_finite() {
    let folders = Folders::new();
    let mut values = Array::zeros((2, 3, 4, 5));
    values[[1, 2, 3, 4]] = f32::NEG_INFINITY;
    values[[1, 0, 1, 2]] = f32::NAN;
    let image = Image::new(values, "czyx".parse().unwrap()).unwrap();
    write_image(folders.path("images/a.tif"), &image).unwrap();
    folders.image("masks/a.tif", "zyx", &[3, 4, 5], 0u8);
    let error = folders
        .load(TargetForm::Classes { classes: 2 })
        .unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `images/a.tif` has 2 values that are NaN or infinite, the first (NaN) at channel 1, z 0, y 1, x 2
    hint: replace these values, for instance by 0, and save the image again
    ");
    folders.image("images/a.tif", "zyx", &[3, 4, 5], 0u8);
    folders.image("masks/a.tif", "zyx", &[3, 4, 5], f32::NAN);
    let error = folders.load(TargetForm::Values).unwrap_err();
    assert_snapshot!(error.to_string().rsplit('/').next().unwrap(), @"a.tif` has 60 values that are NaN or infinite, the first (NaN) at z 0, y 0, x 0");
}

#[test]
fn a_colour_image_as_mask() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.image("masks/a.png", "cyx", &[3, 4, 5], 1u8);
    let error = folders
        .load(TargetForm::Classes { classes: 2 })
        .unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `masks/a.png` has 3 channels; labels need exactly one
    hint: save the labels as a single-channel (grey) image of whole numbers
    ");
}

#[test]
fn a_channel_that_is_not_there() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.plane("masks/a.png");
    let recipe = Recipe {
        channels: Some(vec![0, 2]),
        ..Recipe::new(TargetForm::Values)
    };
    let error = recipe
        .load(&folders.pairs().unwrap().pairs()[0])
        .unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `images/a.png` has 1 channel, channel 2 (counted from 0) is asked for
    hint: correct `data.channels`
    ");
}

#[test]
fn a_colour_target_for_a_grey_source() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.image("masks/a.png", "cyx", &[3, 4, 5], 1u8);
    let recipe = Recipe {
        match_source: true,
        ..Recipe::new(TargetForm::Values)
    };
    let error = recipe
        .load(&folders.pairs().unwrap().pairs()[0])
        .unwrap_err();
    assert_snapshot!(folders.text(&error), @r"
    `images/a.png` has 1 channel, its target `masks/a.png` has 3
    hint: choose the channel that the target shows with `data.channels`, or set `data.target_scale` to target
    ");
}

#[test]
fn a_text_file_among_the_images() {
    let folders = Folders::new();
    fs::write(folders.path("images/a.tif"), "this is no image").unwrap();
    folders.plane("masks/a.png");
    let error = folders.load(TargetForm::Values).unwrap_err();
    assert_snapshot!(folders.text(&error), @r#"
    `images/a.tif` is not a TIFF file: it starts with "this is"
    hint: save the image as TIFF or PNG again; renaming a file does not convert it
    "#);
}

#[test]
fn a_split_file_selects_a_subset() {
    let folders = Folders::new();
    for name in ["a", "b.1", "c"] {
        folders.plane(&format!("images/{name}.png"));
        folders.plane(&format!("masks/{name}.png"));
    }
    fs::remove_file(folders.path("masks/c.png")).unwrap();
    let table = "\u{feff}file,split\r\na.png,train\r\n\"b.1\",train\r\nc.tif, val \r\n";
    assert_eq!(names(&folders.split(table, "train").unwrap()), ["a", "b.1"]);
    assert!(matches!(
        folders.split(table, "val"),
        Err(DataError::MissingTargets { of: 1, .. })
    ));
    let text = |table, subset| folders.text(&folders.split(table, subset).unwrap_err());
    assert_snapshot!(text(table, "test"), @r"
    `split.csv` has no subset `test`
    hint: it has train, val
    ");
    assert_snapshot!(text("file,split\nz.png,train\n", "train"), @r"
    `split.csv` names 1 image that `images` does not hold: z.png
    hint: correct the names in the split file, or add the images
    ");
    assert_snapshot!(text("name,split\na,train\n", "train"), @r"
    `split.csv` is not a split file: the column `file` is missing, its first line is `name, split`
    hint: a split file is a CSV table with the columns file and split
    ");
    assert_snapshot!(text("file,split\na,train\na,val\n", "train"), @r"
    `split.csv` is not a split file: `a` is there twice, in `train` and in `val`
    hint: a split file is a CSV table with the columns file and split
    ");
    assert_snapshot!(text("file,split\na,train,3\n", "train"), @r"
    `split.csv` is not a split file: line 2 has 3 columns, the first line 2
    hint: a split file is a CSV table with the columns file and split
    ");
}

#[test]
fn a_share_of_the_images_is_set_aside() {
    let folders = Folders::new();
    for number in 0..10 {
        folders.plane(&format!("images/{number}.png"));
        folders.plane(&format!("masks/{number}.png"));
    }
    let data = folders.pairs().unwrap();
    for (fraction, expected) in [(0.001, 1), (0.25, 3), (0.999, 9)] {
        let (train, validation) = split_fraction(&data, fraction, 7).unwrap();
        assert_eq!((train.len(), validation.len()), (10 - expected, expected));
        let mut all = [names(&train), names(&validation)].concat();
        all.sort_unstable();
        assert_eq!(all, names(&data));
        assert_eq!(
            split_fraction(&data, fraction, 7).unwrap(),
            (train, validation)
        );
    }
    let seeds = (0..20).map(|seed| split_fraction(&data, 0.1, seed).unwrap().1);
    let different: std::collections::BTreeSet<_> = seeds
        .map(|validation| validation.pairs()[0].name.clone())
        .collect();
    assert!(different.len() > 4);
    let one = DataSet::from_folders(&folders.path("images/1.png"), &folders.path("masks/1.png"));
    assert_snapshot!(folders.text(&split_fraction(&one.unwrap(), 0.5, 0).unwrap_err()), @r"
    1 image cannot be split into training and validation
    hint: add images, or give validation images of their own with `data.validation`
    ");
}

#[test]
fn the_fingerprint_follows_names_and_sizes() {
    let folders = Folders::new();
    folders.plane("images/a.png");
    folders.plane("masks/a.png");
    let fingerprint = || folders.pairs().unwrap().fingerprint().unwrap();
    let before = fingerprint();
    assert_eq!(before.len(), 64);
    assert_eq!(fingerprint(), before);
    folders.image("masks/a.png", "yx", &[40, 50], 1u8);
    assert_ne!(fingerprint(), before);
    fs::remove_file(folders.path("masks/a.png")).unwrap();
    assert!(matches!(
        DataSet::from_folders(Path::new("nowhere"), &folders.path("masks")),
        Err(DataError::NotFound { .. })
    ));
}
