//! Which classes are taken for which: the table as CSV and as a picture.

use std::fmt::Write;

use ndarray::Array2;

/// Pixels of all images by true (row) and predicted (column) class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionTable {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The counts.
    pub counts: Array2<u64>,
}

/// Side of a cell and width of the margin for names, in units of the picture.
const CELL: usize = 90;
const MARGIN: usize = 150;

impl ConfusionTable {
    /// One line a true class, one column a predicted class.
    pub(super) fn csv(&self) -> String {
        let mut text = format!("truth\\prediction,{}\n", self.classes.join(","));
        for (name, row) in self.classes.iter().zip(self.counts.rows()) {
            let row: Vec<String> = row.iter().map(u64::to_string).collect();
            let _ = writeln!(text, "{name},{}", row.join(","));
        }
        text
    }

    /// A picture: cells are shaded by their share of the true class and name share and count.
    pub fn svg(&self) -> String {
        let side = MARGIN + CELL * self.classes.len() + 10;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"{side}\" \
             font-family=\"sans-serif\" font-size=\"13\" text-anchor=\"middle\" role=\"img\" \
             aria-label=\"Confusion matrix\">\n<text x=\"{}\" y=\"16\">predicted class</text>\n",
            MARGIN + CELL * self.classes.len() / 2
        );
        for (index, name) in self.classes.iter().enumerate() {
            let centre = MARGIN + CELL * index + CELL / 2;
            let (above, left) = (MARGIN - 10, MARGIN - 8);
            let _ = writeln!(
                text,
                "<text x=\"{centre}\" y=\"{above}\" transform=\"rotate(-30 {centre} {above})\" \
                 text-anchor=\"start\">{name}</text>\n\
                 <text x=\"{left}\" y=\"{centre}\" text-anchor=\"end\">true {name}</text>"
            );
        }
        for ((truth, prediction), &count) in self.counts.indexed_iter() {
            let total = self.counts.row(truth).sum();
            let share = if total == 0 {
                0.0
            } else {
                count as f64 / total as f64
            };
            let (x, y) = (MARGIN + CELL * prediction, MARGIN + CELL * truth);
            let (middle, ink) = (x + CELL / 2, if share > 0.5 { "#fff" } else { "#1c2430" });
            let _ = writeln!(
                text,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" stroke=\"#dde2e9\" \
                 fill=\"#1769aa\" fill-opacity=\"{share:.3}\"/>\n\
                 <text x=\"{middle}\" y=\"{}\" fill=\"{ink}\">{:.1} %</text>\n\
                 <text x=\"{middle}\" y=\"{}\" fill=\"{ink}\" font-size=\"11\">{count}</text>",
                y + CELL / 2 - 2,
                100.0 * share,
                y + CELL / 2 + 14
            );
        }
        text.push_str("</svg>\n");
        text
    }
}
