//! Reports of small constructed folders.

use std::path::PathBuf;

use coverslip_image::{Image, write_image};
use ndarray::{Array2, Array3};

use super::*;
use crate::{
    evaluate::{EvaluateOptions, evaluate},
    names::TargetKind,
};

/// Folders `input`, `target` and `prediction` of `count` images with one square each, which the
/// prediction misses by as many pixels as the image's number.
fn folders(count: usize) -> (tempfile::TempDir, [PathBuf; 3]) {
    let root = tempfile::tempdir().unwrap();
    let paths = ["input", "target", "prediction"].map(|name| root.path().join(name));
    for path in &paths {
        std::fs::create_dir(path).unwrap();
    }
    let square = |shift: usize, value: u8| {
        let inside = move |at: usize| (shift + 4..shift + 24).contains(&at);
        Array2::from_shape_fn((48, 56), |(y, x)| {
            if inside(x) && (8..28).contains(&y) {
                value
            } else {
                0
            }
        })
    };
    for index in 0..count {
        let images = [square(0, 200), square(0, 1), square(index, 1)];
        for (path, pixels) in paths.iter().zip(images) {
            let image = Image::new(pixels, "yx".parse().unwrap()).unwrap();
            write_image(path.join(format!("cell<{index:02}>.png")), &image).unwrap();
        }
    }
    (root, paths)
}

#[test]
fn the_report_shows_scores_and_pictures_and_needs_no_network() {
    let (root, [input, target, prediction]) = folders(15);
    let found = evaluate(
        &prediction,
        &target,
        &EvaluateOptions::new(TargetKind::Instance),
    )
    .unwrap();
    let options = ReportOptions {
        title: "Nuclei & more".to_owned(),
        input: Some(&input),
        facts: vec![("model".to_owned(), "runs/<first>".to_owned())],
    };
    let out = root.path().join("out");
    write_report(&out, &found, &options).unwrap();
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(out.join("metrics.csv").exists() && out.join("summary.json").exists());
    assert!(html.contains("<title>Nuclei &#38; more</title>") && !html.contains("runs/<first>"));
    // 4 worst, 4 middle, 4 best, of 4 pictures each.
    assert_eq!(html.matches("<article").count(), 12);
    assert_eq!(html.matches("src=\"data:image/png;base64,").count(), 48);
    assert_eq!(html.matches("<tr><td>cell").count(), 15);
    let worst = html.find("Worst images").unwrap();
    assert!(
        html[worst..].find("cell&#60;14&#62;").unwrap()
            < html[worst..].find("Images around").unwrap()
    );
    assert!(!html.contains("http") && !html.contains("<link"));
    for text in ["ap50_pooled", "Notes", "target only", "95 % bootstrap"] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn intensities_have_an_error_map_with_a_scale() {
    let (_root, [input, target, _]) = folders(2);
    let found = evaluate(&input, &target, &EvaluateOptions::new(TargetKind::Image)).unwrap();
    let html = report_html(&found, &ReportOptions::default()).unwrap();
    assert_eq!(html.matches("<article").count(), 2);
    assert_eq!(html.matches("<figcaption>absolute error").count(), 2);
    assert!(html.contains("<span>0</span><i></i><span>199</span>"));
    assert!(!html.contains("target only"));
}

#[test]
fn stacks_say_which_section_is_shown() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["target", "prediction"] {
        std::fs::create_dir(root.path().join(folder)).unwrap();
        let stack = Image::new(Array3::<u8>::ones((5, 8, 8)), "zyx".parse().unwrap()).unwrap();
        write_image(root.path().join(folder).join("a.tif"), &stack).unwrap();
    }
    let [target, prediction] = ["target", "prediction"].map(|name| root.path().join(name));
    let found = evaluate(
        &prediction,
        &target,
        &EvaluateOptions::new(TargetKind::Semantic),
    )
    .unwrap();
    let html = report_html(&found, &ReportOptions::default()).unwrap();
    assert!(html.contains("section 3 of 5"));
}
