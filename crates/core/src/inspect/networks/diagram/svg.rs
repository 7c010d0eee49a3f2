//! Boxes and lines as an SVG file, written by hand: the crate `plotters`, which draws the curves of a
//! report, has no arrow heads, dashes, classes of style or titles. With styles said once, the diagrams
//! of the 27 networks have 2 to 15 kB.

use std::fmt::Write;

use super::{
    blocks::{Block, Look},
    links::{Kind, Link},
    map::Map,
};

const MARGIN: f64 = 14.0;
/// Where the sizes of the rows stand.
const LABELS: f64 = 74.0;
/// Title and legend above the rows.
const HEAD: f64 = 54.0;
/// Between boxes.
const GAP: f64 = 20.0;
/// A line for the channels below a box.
const CAPTION: f64 = 13.0;
/// Between lines over a row.
const LANE: f64 = 6.0;
/// Widths of layers, and the most of a box.
const LAYER: f64 = 9.0;
const NORM: f64 = 3.0;
const WIDEST: f64 = 96.0;

const STYLE: &str = "text{font:10px sans-serif;fill:#333;text-anchor:middle}\
    .l{text-anchor:start}.t{font-size:13px;text-anchor:start}\
    path{fill:none;stroke:#777;stroke-width:1.2;marker-end:url(#a)}\
    .s{stroke:#b8860b;stroke-dasharray:4 2}.p{stroke:#c0392b}.e{stroke:#1e8449}";

impl Look {
    fn colour(self) -> &'static str {
        match self {
            Self::Input => "#999",
            Self::Conv => "#4c9ed9",
            Self::Transposed => "#e58a3c",
            Self::Attention => "#c46aa8",
            Self::Linear => "#3fa98b",
            Self::Norm => "#1f4e79",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Conv => "convolution",
            Self::Transposed => "transposed convolution",
            Self::Attention => "attention",
            Self::Linear => "fully connected",
            Self::Norm => "normalisation",
        }
    }

    fn width(self) -> f64 {
        if self == Self::Norm { NORM } else { LAYER }
    }
}

impl Kind {
    /// The class of its line and, if it is not plain, what it means.
    fn class(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Flow => ("", None),
            Self::Pooled => ("p", Some("pooling")),
            Self::Enlarged => ("e", Some("interpolation")),
            Self::Skip => ("s", Some("skip connection")),
        }
    }
}

/// Where a box is.
#[derive(Clone, Copy, Debug)]
struct Place {
    left: f64,
    width: f64,
    height: f64,
    row: usize,
}

/// All boxes of one resolution.
#[derive(Clone, Debug, Default)]
struct Row {
    /// Of the lines over its boxes.
    top: f64,
    /// Of its highest box.
    height: f64,
    /// Lines that run over its boxes.
    lanes: usize,
    sizes: Vec<String>,
}

impl Row {
    /// Makes room for a box of that height and notes the size of its map.
    fn take(&mut self, height: f64, size: String) {
        self.height = self.height.max(height);
        if !self.sizes.contains(&size) {
            self.sizes.push(size);
        }
    }

    fn middle(&self) -> f64 {
        self.top + LANE * (self.lanes + 1) as f64 + self.height / 2.0
    }
}

/// A network laid out on paper.
pub(super) struct Drawing<'a> {
    blocks: &'a [Block],
    links: &'a [Link],
    places: Vec<Place>,
    rows: Vec<Row>,
    size: [f64; 2],
}

impl<'a> Drawing<'a> {
    /// Places the boxes.
    pub(super) fn new(blocks: &'a [Block], links: &'a [Link]) -> Self {
        let (places, count) = places(blocks);
        let mut rows = vec![Row::default(); count];
        for (block, place) in blocks.iter().zip(&places) {
            rows[place.row].take(place.height, extent(&block.output));
        }
        for link in links.iter().filter(|link| link.to > link.from + 1) {
            rows[places[link.from].row].lanes += 1;
        }
        let mut top = HEAD;
        for row in &mut rows {
            row.top = top;
            top += LANE * (row.lanes + 2) as f64 + row.height + CAPTION;
        }
        let right = places.last().map_or(0.0, |last| last.left + last.width);
        Self {
            blocks,
            links,
            places,
            rows,
            size: [right + MARGIN, top + MARGIN],
        }
    }

    /// The file.
    pub(super) fn svg(&self, title: &str) -> String {
        let title = escaped(title);
        // Room for the title and for each word of the legend.
        let width = self.size[0].max(660.0);
        let height = self.size[1];
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\"><style>{STYLE}</style>\
             <defs><marker id=\"a\" viewBox=\"0 0 6 6\" refX=\"5\" refY=\"3\" markerWidth=\"5\" \
             markerHeight=\"5\" orient=\"auto\"><polygon points=\"0,0 6,3 0,6\" fill=\"#777\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
             <text class=\"t\" x=\"{MARGIN}\" y=\"20\">{title}</text>\n"
        );
        self.legend(&mut svg);
        for row in &self.rows {
            let lines = row.sizes.iter().take(3).enumerate();
            for (line, size) in lines {
                let y = row.middle() + 3.0 + 12.0 * line as f64;
                let _ = writeln!(
                    svg,
                    "<text class=\"l\" x=\"{MARGIN}\" y=\"{y:.0}\">{size}</text>"
                );
            }
        }
        self.lines(&mut svg);
        for (block, place) in self.blocks.iter().zip(&self.places) {
            self.draw_block(block, place, &mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn legend(&self, svg: &mut String) {
        let mut x = MARGIN;
        let mut entry = |words: &str, mark: &dyn Fn(f64) -> String| {
            svg.push_str(&mark(x));
            let _ = writeln!(
                svg,
                "<text class=\"l\" x=\"{:.0}\" y=\"40\">{words}</text>",
                x + 18.0
            );
            x += 30.0 + 5.2 * words.len() as f64;
        };
        let drawn = self.blocks.iter().flat_map(|block| &block.layers);
        for look in unique(drawn.copied()) {
            entry(look.words(), &|x| {
                let (colour, width) = (look.colour(), look.width());
                format!(
                    "<rect x=\"{x:.0}\" y=\"32\" width=\"{width}\" height=\"9\" fill=\"{colour}\"/>"
                )
            });
        }
        for kind in unique(self.links.iter().map(|link| link.kind)) {
            if let (class, Some(words)) = kind.class() {
                entry(words, &|x| {
                    format!("<path class=\"{class}\" d=\"M{x:.0} 37h14\"/>")
                });
            }
        }
    }

    fn lines(&self, svg: &mut String) {
        let mut lanes = vec![0; self.rows.len()];
        for link in self.links {
            let [from, to] = [link.from, link.to].map(|block| self.places[block]);
            let [start, end] = [from, to].map(|place| self.rows[place.row].middle());
            // Lines of other kinds arrive a little higher.
            let end = if link.kind == Kind::Skip {
                end - 4.0
            } else {
                end
            };
            let (class, _) = link.kind.class();
            let turn = to.left - 12.0;
            let path = if link.to == link.from + 1 {
                let begin = from.left + from.width;
                format!("M{begin:.1} {start:.1}H{turn:.1}V{end:.1}H{:.1}", to.left)
            } else {
                let row = &self.rows[from.row];
                lanes[from.row] += 1;
                let lane = row.top + LANE * (row.lanes + 1 - lanes[from.row]) as f64;
                let begin = from.left + from.width / 2.0;
                let top = start - from.height / 2.0;
                let turn = turn + 4.0;
                format!(
                    "M{begin:.1} {top:.1}V{lane:.1}H{turn:.1}V{end:.1}H{:.1}",
                    to.left
                )
            };
            let class = if class.is_empty() {
                String::new()
            } else {
                format!(" class=\"{class}\"")
            };
            let _ = writeln!(svg, "<path{class} d=\"{path}\"/>");
        }
    }

    fn draw_block(&self, block: &Block, place: &Place, svg: &mut String) {
        let middle = self.rows[place.row].middle();
        let (top, height) = (middle - place.height / 2.0, place.height);
        let words = format!(
            "{}: {} × {}",
            block.name,
            block.output.channels,
            extent(&block.output)
        );
        let _ = write!(svg, "<g><title>{}</title>", escaped(&words));
        let whole = full_width(block);
        let mut left = place.left;
        for layer in &block.layers {
            let width = layer.width() * place.width / whole;
            // A narrow rim of white between layers.
            let shown = width - if width > 4.0 { 0.6 } else { 0.0 };
            let _ = write!(
                svg,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{shown:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
                layer.colour()
            );
            left += width;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            place.left + place.width / 2.0,
            top + height + CAPTION - 3.0,
            block.output.channels
        );
    }
}

/// The boxes from left to right, and how many rows they need.
fn places(blocks: &[Block]) -> (Vec<Place>, usize) {
    let levels = levels(blocks);
    let mut distinct = levels.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let mut left = MARGIN + LABELS;
    let places = blocks.iter().zip(levels).map(|(block, level)| {
        let width = full_width(block).min(WIDEST);
        let place = Place {
            left,
            width,
            height: 10.0 + 7.0 * (block.output.channels.max(1) as f64).log2(),
            row: distinct.binary_search(&level).unwrap_or_default(),
        };
        left += width + GAP;
        place
    });
    (places.collect(), distinct.len())
}

/// The width of all layers of a box.
fn full_width(block: &Block) -> f64 {
    block.layers.iter().map(|layer| layer.width()).sum()
}

/// How often the map of each box is halved against the largest map of all.
fn levels(blocks: &[Block]) -> Vec<i64> {
    let extents = || blocks.iter().filter_map(|block| block.output.extent);
    let largest = [0, 1, 2].map(|axis| extents().map(|extent| extent[axis]).max().unwrap_or(1));
    let axes = largest.iter().filter(|&&size| size > 1).count().max(1) as f64;
    let pixels: usize = largest.iter().product();
    let halvings = |large: usize, small: usize| (large as f64 / small.max(1) as f64).log2();
    let level = |map: &Map| match map.extent {
        Some(extent) => (0..3)
            .map(|axis| halvings(largest[axis], extent[axis]))
            .fold(0.0, f64::max),
        None => halvings(pixels, map.pixels) / axes,
    };
    let levels = blocks
        .iter()
        .map(|block| level(&block.output).round() as i64);
    levels.collect()
}

fn extent(map: &Map) -> String {
    match map.extent {
        Some([1, y, x]) => format!("{y} × {x}"),
        Some([z, y, x]) => format!("{z} × {y} × {x}"),
        None if map.pixels == 1 => "vector".to_owned(),
        None => format!("{} tokens", map.pixels),
    }
}

/// Each value once, in the order of appearance.
fn unique<T: Copy + Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    values.filter(|&value| seen.insert(value)).collect()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
