//! Loss and score curves of a training run. The crate `plotters` places their axes and ticks; pictures
//! without axes (`confusion`, diagrams of networks) are written by hand.

use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::prelude::*;

/// The values of one epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePoint {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Values by name. Names that contain `loss` share the upper chart, all others the lower.
    pub series: BTreeMap<String, f64>,
}

/// Title of the upper chart.
const LOSS: &str = "loss";

const WIDTH: u32 = 760;
const CHART_HEIGHT: u32 = 300;

/// Colours that remain apart with any colour vision (after Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError = Box<dyn std::error::Error>;

/// A named curve.
struct Curve<'a> {
    name: &'a str,
    points: Vec<(f64, f64)>,
}

/// Curves over the epochs as an SVG picture: losses above, other values below. Values that are not
/// finite are left out; a chart without values is too.
pub fn curves_svg(points: &[CurvePoint]) -> String {
    let (losses, others): (Vec<_>, Vec<_>) = curves(points)
        .into_iter()
        .partition(|curve| curve.name.contains(LOSS));
    let charts: Vec<(&str, Vec<Curve<'_>>)> = [(LOSS, losses), ("score", others)]
        .into_iter()
        .filter(|(_, curves)| !curves.is_empty())
        .collect();
    let height = CHART_HEIGHT * (charts.len().max(1) as u32);
    let mut svg = String::new();
    // Drawing into memory fails on nothing; should it ever, the picture stays as far as it came.
    let _ = draw(
        &SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area(),
        &charts,
    );
    svg
}

/// One curve a name, in alphabetical order, by ascending epoch.
fn curves(points: &[CurvePoint]) -> Vec<Curve<'_>> {
    let mut curves: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for point in points {
        for (name, &value) in &point.series {
            if value.is_finite() {
                curves
                    .entry(name)
                    .or_default()
                    .push((point.epoch as f64, value));
            }
        }
    }
    let sorted = |(name, mut points): (_, Vec<(f64, f64)>)| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Curve { name, points }
    };
    curves.into_iter().map(sorted).collect()
}

fn draw(area: &Area<'_>, charts: &[(&str, Vec<Curve<'_>>)]) -> Result<(), DrawError> {
    area.fill(&WHITE)?;
    let parts = area.split_evenly((charts.len().max(1), 1));
    for (part, (title, curves)) in parts.iter().zip(charts) {
        draw_chart(part, title, curves)?;
    }
    area.present()?;
    Ok(())
}

fn draw_chart(area: &Area<'_>, title: &str, curves: &[Curve<'_>]) -> Result<(), DrawError> {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let epochs = range(all().map(|point| point.0), 0.5);
    let values = range(all().map(|point| point.1), 0.0);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(58)
        .build_cartesian_2d(epochs, values)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(title)
        .x_labels(10)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .bold_line_style(BLACK.mix(0.12))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2));
        chart
            .draw_series(line.point_size(if curve.points.len() == 1 { 3 } else { 0 }))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    // Losses fall and scores rise: the legend takes the corner they leave.
    let legend = match title {
        LOSS => SeriesLabelPosition::UpperRight,
        _ => SeriesLabelPosition::LowerRight,
    };
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.15))
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}

/// Ends of an axis around finite values; never empty.
fn range(values: impl Iterator<Item = f64>, least_margin: f64) -> std::ops::Range<f64> {
    let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let margin = ((ends.1 - ends.0) * 0.04).max(least_margin);
    let margin = if margin > 0.0 {
        margin
    } else {
        ends.0.abs() * 0.1 + 0.01
    };
    ends.0 - margin..ends.1 + margin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(epoch: usize, values: &[(&str, f64)]) -> CurvePoint {
        let series = values
            .iter()
            .map(|&(name, value)| (name.to_owned(), value))
            .collect();
        CurvePoint { epoch, series }
    }

    #[test]
    fn losses_and_scores_have_a_chart_each() {
        let points: Vec<CurvePoint> = (1..=20)
            .map(|epoch| {
                let loss = 1.0 / epoch as f64;
                point(
                    epoch,
                    &[
                        ("train_loss", loss),
                        ("validation_loss", loss + 0.1),
                        ("dice", 1.0 - loss),
                    ],
                )
            })
            .collect();
        let svg = curves_svg(&points);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("height=\"600\""));
        for text in ["train_loss", "validation_loss", "dice", "epoch"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(svg.matches("<polyline").count() >= 3);
    }

    #[test]
    fn odd_runs_are_drawn_too() {
        for points in [
            vec![],
            vec![point(1, &[("loss", 0.5)])],
            vec![
                point(1, &[("loss", f64::NAN)]),
                point(2, &[("loss", f64::INFINITY)]),
            ],
            vec![point(1, &[("loss", 2.0)]), point(2, &[("loss", 2.0)])],
            vec![point(1, &[("loss", 1e300)]), point(2, &[("loss", -1e300)])],
        ] {
            assert!(curves_svg(&points).trim_end().ends_with("</svg>"));
        }
    }
}
