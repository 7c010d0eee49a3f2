//! The images that a report shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::figures::{Figure, figures};
use crate::evaluate::{EvaluateError, Evaluation, images_by_name};

/// Images shown of each kind: worst, middle, best.
const PER_KIND: usize = 4;

/// One image of the evaluation with its pictures.
pub(super) struct Panel {
    /// Which kind of images it stands for.
    pub(super) kind: &'static str,
    /// Name of the image.
    pub(super) name: String,
    /// Its main score.
    pub(super) score: f64,
    /// Which section of a stack is shown; empty for a 2D image.
    pub(super) section: String,
    pub(super) figures: Vec<Figure>,
}

pub(super) fn panels(
    evaluation: &Evaluation,
    input: Option<&Path>,
) -> Result<Vec<Panel>, EvaluateError> {
    let inputs = input.map(images_by_name).transpose()?.unwrap_or_default();
    let chosen = choose(evaluation);
    let panels: Vec<Result<Panel, EvaluateError>> = chosen
        .into_par_iter()
        .map(|(index, kind)| panel(evaluation, index, kind, &inputs))
        .collect();
    panels.into_iter().collect()
}

fn panel(
    evaluation: &Evaluation,
    index: usize,
    kind: &'static str,
    inputs: &BTreeMap<String, PathBuf>,
) -> Result<Panel, EvaluateError> {
    let row = &evaluation.rows[index];
    let input = inputs.get(&row.pair.name).map(PathBuf::as_path);
    let (figures, section) = figures(evaluation.task, &row.pair, input)?;
    let score = row.scores[evaluation.headline_column()];
    Ok(Panel {
        kind,
        name: row.pair.name.clone(),
        score,
        section,
        figures,
    })
}

/// Indices of the rows to show, with the kind each stands for. Images without a main score are
/// not shown.
fn choose(evaluation: &Evaluation) -> Vec<(usize, &'static str)> {
    let column = evaluation.headline_column();
    // Many images share an average precision of 0 or 1; Dice tells those apart.
    let second = evaluation
        .columns
        .iter()
        .position(|name| name == "dice")
        .unwrap_or(column);
    let score = |index: usize, column: usize| evaluation.rows[index].scores[column];
    let mut ranked: Vec<usize> = (0..evaluation.rows.len())
        .filter(|&index| !score(index, column).is_nan())
        .collect();
    let by = |a: usize, b: usize, column| score(a, column).total_cmp(&score(b, column));
    ranked.sort_by(|&a, &b| by(a, b, column).then(by(a, b, second)));
    let count = ranked.len();
    if count <= 3 * PER_KIND {
        return ranked
            .into_iter()
            .map(|index| (index, "All images, worst first"))
            .collect();
    }
    let middle = (count - PER_KIND) / 2;
    let kinds = [
        (0, "Worst images"),
        (middle, "Images around the median"),
        (count - PER_KIND, "Best images"),
    ];
    let of_kind = |(start, kind)| (start..start + PER_KIND).map(move |at| (at, kind));
    kinds
        .into_iter()
        .flat_map(of_kind)
        .map(|(at, kind)| (ranked[at], kind))
        .collect()
}
