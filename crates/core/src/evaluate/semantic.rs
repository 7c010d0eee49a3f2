//! Class maps.

use coverslip_algorithms::metrics::semantic::{ClassScores, Confusion, MaskOverlap};

use super::confusion::ConfusionTable;
use super::labels::{LabelPair, of_pair};
use super::parts::{Part, Parts};
use super::scores::{Scores, named, with_ending};
use super::{EvaluateError, EvaluateOptions, EvaluationPair, Table};

/// A map with more labels than this is taken for an instance label map.
const MOST_CLASSES: usize = 256;

/// What one image contributes.
pub(super) struct Measure {
    confusion: Confusion,
    foreground: MaskOverlap,
    edges: MaskOverlap,
}

/// Bytes of working memory per voxel: two label maps, their masks, and what they are converted from.
const BYTES_PER_VOXEL: usize = 48;

pub(super) fn measure(
    pair: &EvaluationPair,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let parts = Parts::open(pair, options.memory, BYTES_PER_VOXEL, 1)?;
    let measures = parts.map(|part| measure_part(pair, part, options))?;
    let classes = measures.iter().map(|one| one.confusion.classes()).max();
    let mut sum = Measure {
        confusion: Confusion::empty(classes.unwrap_or(2)),
        foreground: MaskOverlap::default(),
        edges: MaskOverlap::default(),
    };
    for one in measures {
        let widened = one.confusion.widened(sum.confusion.classes());
        sum.confusion.add(&widened).map_err(of_pair(pair))?;
        sum.foreground = sum.foreground.pooled(one.foreground);
        sum.edges = sum.edges.pooled(one.edges);
    }
    Ok(sum)
}

fn measure_part(
    pair: &EvaluationPair,
    part: &Part,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let mut labels = LabelPair::of(part)?;
    if options.foreground {
        labels.merge();
    }
    let named = options.classes.as_ref().map(Vec::len);
    let mut classes = named.unwrap_or(2);
    for (path, map) in [
        (&pair.prediction, labels.prediction()),
        (&pair.target, labels.target()),
    ] {
        let label = map.iter().copied().max().unwrap_or(0);
        match named {
            Some(classes) if label as usize >= classes => {
                return Err(EvaluateError::UnknownClass {
                    path: path.clone(),
                    label,
                    classes,
                });
            }
            None if label as usize >= MOST_CLASSES => {
                return Err(EvaluateError::ManyClasses {
                    path: path.clone(),
                    label,
                });
            }
            _ => classes = classes.max(label as usize + 1),
        }
    }
    let confusion = Confusion::of(&labels.prediction(), &labels.target(), classes);
    Ok(Measure {
        confusion: confusion.map_err(of_pair(pair))?,
        foreground: labels.foreground().map_err(of_pair(pair))?,
        edges: labels.edges().map_err(of_pair(pair))?,
    })
}

pub(super) fn table(
    measures: &[Measure],
    names: Option<&[String]>,
) -> Result<Table, EvaluateError> {
    let classes = measures
        .iter()
        .map(|one| one.confusion.classes())
        .max()
        .unwrap_or(2);
    let names = class_names(names, classes);
    let images = measures.iter().map(|one| {
        let confusion = one.confusion.widened(classes);
        scores(&names, &confusion, one.foreground, one.edges)
    });
    let mut pooled = Confusion::empty(classes);
    let (mut foreground, mut edges) = (MaskOverlap::default(), MaskOverlap::default());
    for one in measures {
        // Both have the same number of classes, so this cannot fail.
        let widened = one.confusion.widened(classes);
        pooled
            .add(&widened)
            .map_err(|error| EvaluateError::Format {
                what: "pooled scores",
                problem: error.to_string(),
            })?;
        foreground = foreground.pooled(one.foreground);
        edges = edges.pooled(one.edges);
    }
    let counts = pooled.counts().clone();
    let pooled = scores(&names, &pooled, foreground, edges);
    Ok(Table {
        images: images.collect(),
        pooled: with_ending(pooled, "_pooled").collect(),
        confusion: Some(ConfusionTable {
            classes: names,
            counts,
        }),
        notes: vec![
            "dice, iou, precision, recall and f1 are those of the foreground (every label above 0)"
                .to_owned(),
            "dice and iou of a class that is in neither image are 1; precision, recall and f1 with \
             nothing to divide by are 0"
                .to_owned(),
            "scores ending in _micro pool the pixels of all classes, so that f1_micro is the pixel \
             accuracy; _macro is the plain mean over classes, _weighted the mean by true pixels \
             (some papers call its F1 micro); edge_dice is the Dice of the outlines of the foreground"
                .to_owned(),
        ],
    })
}

/// Names usable as a part of a column name.
fn class_names(names: Option<&[String]>, classes: usize) -> Vec<String> {
    let plain = |name: &String| {
        let keep = |letter: char| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '_'
            }
        };
        name.to_lowercase().chars().map(keep).collect()
    };
    match names {
        Some(names) => names.iter().map(plain).collect(),
        None if classes == 2 => vec!["background".to_owned(), "foreground".to_owned()],
        None => (0..classes)
            .map(|class| {
                if class == 0 {
                    "background".to_owned()
                } else {
                    format!("class_{class}")
                }
            })
            .collect(),
    }
}

/// The scores of an image; macro and micro include background unless they say so.
fn scores(
    classes: &[String],
    confusion: &Confusion,
    foreground: MaskOverlap,
    edges: MaskOverlap,
) -> Scores {
    let mut scores: Scores = of_mask(foreground, foreground.scores(), "").collect();
    scores.extend(named([("accuracy", confusion.accuracy())]));
    scores.extend(of_classes(confusion.macro_mean(0), "_macro"));
    scores.extend(of_classes(confusion.micro(0), "_micro"));
    for (class, (name, of_class)) in classes.iter().zip(confusion.per_class()).enumerate() {
        let overlap = confusion.mask_overlap(class);
        scores.extend(of_mask(overlap, of_class, &format!("_{name}")));
    }
    scores.extend(of_classes(confusion.weighted_mean(), "_weighted"));
    scores.extend(of_classes(confusion.macro_mean(1), "_macro_no_background"));
    scores.extend(of_classes(confusion.micro(1), "_micro_no_background"));
    scores.extend(named([("edge_dice", edges.dice())]));
    scores
}

/// Scores of a mask: its overlaps are 1 for two empty ones.
fn of_mask(
    overlap: MaskOverlap,
    scores: ClassScores,
    ending: &str,
) -> impl Iterator<Item = (String, f64)> {
    let scores = [
        ("dice", overlap.dice()),
        ("iou", overlap.iou()),
        ("precision", scores.precision),
        ("recall", scores.recall),
        ("f1", scores.f1),
    ];
    with_ending(named(scores).collect(), ending)
}

/// Scores of several classes.
fn of_classes(scores: ClassScores, ending: &str) -> impl Iterator<Item = (String, f64)> {
    let scores = [
        ("iou", scores.iou),
        ("precision", scores.precision),
        ("recall", scores.recall),
        ("f1", scores.f1),
    ];
    with_ending(named(scores).collect(), ending)
}
