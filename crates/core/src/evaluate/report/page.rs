//! The page around the pictures.

use askama::Template;

use super::ReportOptions;
use super::panels::Panel;
use crate::{
    evaluate::{
        ConfusionTable, EvaluateError, Evaluation, Row, Summary, headline, main_columns,
        picture::{ERROR_SCALE, PREDICTION_COLOUR, SHARED_COLOUR, TARGET_COLOUR},
    },
    names::TargetKind,
};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    facts: &'a [(String, String)],
    task: &'static str,
    images: usize,
    headline: &'static str,
    coverage: String,
    cards: Vec<Card>,
    groups: Vec<Group>,
    columns: Vec<&'a str>,
    rows: Vec<TableRow<'a>>,
    summary: Vec<SummaryRow<'a>>,
    notes: &'a [String],
    is_image: bool,
    target_colour: String,
    prediction_colour: String,
    shared_colour: String,
    error_gradient: String,
    /// SVG, empty where there are no classes.
    confusion: String,
}

/// A main score in large type.
struct Card {
    name: String,
    value: String,
    detail: String,
}

/// Images of one kind.
struct Group {
    kind: &'static str,
    panels: Vec<ShownPanel>,
}

struct ShownPanel {
    name: String,
    score: String,
    section: String,
    figures: Vec<ShownFigure>,
}

struct ShownFigure {
    caption: String,
    address: String,
    scale: Option<String>,
}

struct TableRow<'a> {
    name: &'a str,
    cells: Vec<Cell>,
}

/// A score as shown, and as sorted by.
struct Cell {
    text: String,
    value: f64,
}

struct SummaryRow<'a> {
    name: &'a str,
    mean: String,
    sd: String,
    interval: String,
    images: usize,
    pooled: String,
}

pub(super) fn render(
    evaluation: &Evaluation,
    options: &ReportOptions<'_>,
    panels: Vec<Panel>,
) -> Result<String, EvaluateError> {
    let shown: Vec<usize> = main_columns(evaluation.task)
        .iter()
        .filter_map(|name| evaluation.columns.iter().position(|column| column == name))
        .collect();
    let page = Page {
        title: &options.title,
        facts: &options.facts,
        task: evaluation.task.word(),
        images: evaluation.rows.len(),
        headline: headline(evaluation.task),
        coverage: number((1.0 - evaluation.bootstrap.alpha) * 100.0),
        cards: cards(evaluation),
        groups: groups(panels),
        columns: shown
            .iter()
            .map(|&index| evaluation.columns[index].as_str())
            .collect(),
        rows: rows(evaluation, &shown),
        summary: summary(evaluation),
        notes: &evaluation.notes,
        is_image: evaluation.task == TargetKind::Image,
        target_colour: css(TARGET_COLOUR),
        prediction_colour: css(PREDICTION_COLOUR),
        shared_colour: css(SHARED_COLOUR),
        error_gradient: ERROR_SCALE.map(css).join(", "),
        confusion: (evaluation.confusion.as_ref()).map_or_else(String::new, ConfusionTable::svg),
    };
    page.render().map_err(|error| EvaluateError::Format {
        what: "report",
        problem: error.to_string(),
    })
}

/// Scores in large type; those that pool all images come without an interval.
fn cards(evaluation: &Evaluation) -> Vec<Card> {
    let names: &[&str] = match evaluation.task {
        TargetKind::Semantic => &["dice", "iou", "precision", "recall"],
        TargetKind::Instance => &["ap50", "ap50_pooled", "f1", "pq", "dice"],
        TargetKind::Image => &["psnr", "psnr_fitted", "ssim", "rmse", "pearson"],
    };
    names
        .iter()
        .filter_map(|name| card(evaluation, name))
        .collect()
}

fn card(evaluation: &Evaluation, name: &str) -> Option<Card> {
    if let Some((_, score)) = evaluation.pooled.iter().find(|(other, _)| other == name) {
        let detail = "objects of all images together".to_owned();
        return Some(Card {
            name: name.to_owned(),
            value: number(*score),
            detail,
        });
    }
    let summary = evaluation.summary_of(name)?;
    let detail = match summary.images {
        0 => "not defined for any image".to_owned(),
        1 => "one image".to_owned(),
        _ => format!(
            "{} to {}, SD {}",
            number(summary.low),
            number(summary.high),
            number(summary.sd)
        ),
    };
    Some(Card {
        name: name.to_owned(),
        value: number(summary.mean),
        detail,
    })
}

fn groups(panels: Vec<Panel>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for panel in panels {
        let figures = panel.figures.into_iter().map(|figure| ShownFigure {
            caption: figure.caption,
            address: figure.address,
            scale: figure.scale.map(|largest| number(f64::from(largest))),
        });
        let shown = ShownPanel {
            name: panel.name,
            score: number(panel.score),
            section: panel.section,
            figures: figures.collect(),
        };
        match groups.last_mut() {
            Some(group) if group.kind == panel.kind => group.panels.push(shown),
            _ => groups.push(Group {
                kind: panel.kind,
                panels: vec![shown],
            }),
        }
    }
    groups
}

fn rows<'a>(evaluation: &'a Evaluation, shown: &[usize]) -> Vec<TableRow<'a>> {
    let cell = |score: f64| Cell {
        text: number(score),
        value: score,
    };
    let row = |row: &'a Row| TableRow {
        name: &row.pair.name,
        cells: shown.iter().map(|&index| cell(row.scores[index])).collect(),
    };
    evaluation.rows.iter().map(row).collect()
}

fn summary<'a>(evaluation: &'a Evaluation) -> Vec<SummaryRow<'a>> {
    let pooled = |name: &str| {
        let name = format!("{name}_pooled");
        let found = evaluation.pooled.iter().find(|(other, _)| *other == name);
        found.map_or_else(String::new, |&(_, score)| number(score))
    };
    let columns = evaluation.columns.iter().zip(&evaluation.summary);
    let row = |(name, summary): (&'a String, &Summary)| SummaryRow {
        name,
        mean: number(summary.mean),
        sd: number(summary.sd),
        interval: format!("{} to {}", number(summary.low), number(summary.high)),
        images: summary.images,
        pooled: pooled(name),
    };
    columns.map(row).collect()
}

/// A score with as many digits as one can make sense of.
fn number(value: f64) -> String {
    if value.is_nan() {
        "–".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            "∞".to_owned()
        } else {
            "−∞".to_owned()
        }
    } else if value.fract() == 0.0 && value.abs() < 1e6 && value.abs() > 1.0 {
        format!("{value}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else if value.abs() >= 10.0 {
        format!("{value:.2}")
    } else if value != 0.0 && value.abs() < 0.001 {
        format!("{value:.1e}")
    } else {
        format!("{value:.3}")
    }
}

fn css([red, green, blue]: [u8; 3]) -> String {
    format!("rgb({red} {green} {blue})")
}
