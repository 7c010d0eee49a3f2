//! Class maps.

use coverslip_algorithms::metrics::semantic::{ClassScores, Confusion, MaskOverlap};

use super::confusion::ConfusionTable;
use super::labels::{LabelPair, of_pair};
use super::parts::{Part, Parts};
use super::{EvaluateError, EvaluateOptions, EvaluationPair, Table};

/// A map with more labels than this is taken for an instance label map.
const MOST_CLASSES: usize = 256;

/// What one image contributes.
pub(super) struct Measure {
    confusion: Confusion,
    foreground: MaskOverlap,
    edges: MaskOverlap,
}

/// Bytes that the work on a part takes a pixel: two label maps, their masks, and what they are
/// converted from.
const VOXEL: usize = 48;

pub(super) fn measure(
    pair: &EvaluationPair,
    options: &EvaluateOptions,
) -> Result<Measure, EvaluateError> {
    let parts = Parts::open(pair, options.memory, VOXEL, 1)?;
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
    let rows = measures
        .iter()
        .map(|one| scores(&one.confusion.widened(classes), one.foreground, one.edges));
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
    let columns = columns(&names);
    let counts = pooled.counts().clone();
    let pooled = columns
        .iter()
        .map(|name| format!("{name}_pooled"))
        .zip(scores(&pooled, foreground, edges));
    Ok(Table {
        rows: rows.collect(),
        pooled: pooled.collect(),
        columns,
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

const KINDS: [&str; 5] = ["dice", "iou", "precision", "recall", "f1"];

fn columns(names: &[String]) -> Vec<String> {
    let mut columns: Vec<String> = KINDS.map(str::to_owned).to_vec();
    columns.push("accuracy".to_owned());
    for mean in ["macro", "micro"] {
        columns.extend(KINDS[1..].iter().map(|kind| format!("{kind}_{mean}")));
    }
    for name in names {
        columns.extend(KINDS.iter().map(|kind| format!("{kind}_{name}")));
    }
    for mean in ["weighted", "macro_no_background", "micro_no_background"] {
        columns.extend(KINDS[1..].iter().map(|kind| format!("{kind}_{mean}")));
    }
    columns.push("edge_dice".to_owned());
    columns
}

/// Scores in the order of [`columns`]; macro and micro include background unless they say so.
fn scores(confusion: &Confusion, foreground: MaskOverlap, edges: MaskOverlap) -> Vec<f64> {
    let mask = foreground.scores();
    let mut row = vec![
        foreground.dice(),
        foreground.iou(),
        mask.precision,
        mask.recall,
        mask.f1,
    ];
    row.push(confusion.accuracy());
    let without_dice = |class: ClassScores| [class.iou, class.precision, class.recall, class.f1];
    row.extend(without_dice(confusion.macro_mean(0)));
    row.extend(without_dice(confusion.micro(0)));
    for (class, scores) in confusion.per_class().into_iter().enumerate() {
        let overlap = confusion.mask_overlap(class);
        row.extend([overlap.dice(), overlap.iou()]);
        row.extend([scores.precision, scores.recall, scores.f1]);
    }
    row.extend(without_dice(confusion.weighted_mean()));
    row.extend(without_dice(confusion.macro_mean(1)));
    row.extend(without_dice(confusion.micro(1)));
    row.push(edges.dice());
    row
}
