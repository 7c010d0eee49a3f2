//! Runs of layers that are one box.

use super::map::Map;
use crate::inspect::networks::{Layer, Layout};

/// The most boxes of a picture that can still be read.
const MOST: usize = 60;

/// What a layer is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Look {
    Input,
    Conv,
    Transposed,
    Attention,
    Linear,
    Norm,
}

impl Look {
    fn of(layer: &Layer) -> Self {
        let mut parts = layer.name.split(['.', '/']);
        match layer.kind {
            "norm" => Self::Norm,
            _ if parts.any(|part| part == "attn" || part == "attention") => Self::Attention,
            "conv_transpose" => Self::Transposed,
            "linear" => Self::Linear,
            _ => Self::Conv,
        }
    }
}

/// A run of layers.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// What the names of its layers begin with.
    pub(super) name: String,
    /// What its first layer is.
    pub(super) look: Look,
    /// What each of its layers is.
    pub(super) layers: Vec<Look>,
    /// What it is given.
    pub(super) input: Map,
    /// What it gives.
    pub(super) output: Map,
}

impl Block {
    fn new(layer: &Layer, images: usize) -> Self {
        let look = Look::of(layer);
        Self {
            name: layer.name.clone(),
            look,
            layers: vec![look],
            input: Map::new(&layer.input, images),
            output: Map::new(&layer.shape, images),
        }
    }

    /// Whether a layer goes on where the block ends.
    fn takes(&self, layer: &Self) -> bool {
        if layer.output.extent.is_none() {
            // A transformer's blocks are numbered.
            return numbered(&self.name) == numbered(&layer.name) && self.output.extent.is_none();
        }
        let is_alike = self.output.pixels == layer.output.pixels;
        match layer.look {
            Look::Norm => self.look != Look::Input && is_alike,
            Look::Conv | Look::Attention => {
                // A shortcut takes what the block takes.
                let goes_on = [self.output.channels, self.input.channels];
                self.look == layer.look
                    && is_alike
                    && self.output.channels == layer.output.channels
                    && goes_on.contains(&layer.input.channels)
            }
            _ => false,
        }
    }

    fn append(&mut self, block: Self) {
        self.name = common_path(&self.name, &block.name).to_owned();
        self.layers.extend(block.layers);
        self.output = block.output;
    }
}

/// The boxes of a network, the first being its input.
pub(super) fn blocks(layout: &Layout) -> Vec<Block> {
    let images = layout.input[0];
    let image = Map::new(&layout.input, images);
    let mut blocks = vec![Block {
        name: "input".to_owned(),
        look: Look::Input,
        layers: vec![Look::Input],
        input: image.clone(),
        output: image,
    }];
    let layers = layout.layers.iter().map(|layer| Block::new(layer, images));
    for layer in layers {
        join(&mut blocks, layer, Block::takes);
    }
    if blocks.len() <= MOST {
        return blocks;
    }
    // Layers of one resolution, whatever their channels.
    let mut fewer = Vec::new();
    for block in blocks {
        join(&mut fewer, block, |last, block| {
            (last.look, last.output.pixels) == (block.look, block.output.pixels)
        });
    }
    fewer
}

fn join(blocks: &mut Vec<Block>, block: Block, fits: impl Fn(&Block, &Block) -> bool) {
    match blocks.last_mut() {
        Some(last) if fits(last, &block) => last.append(block),
        _ => blocks.push(block),
    }
}

/// A path up to its last number: `vit.blocks.3` of `vit.blocks.3.mlp.linear1`.
fn numbered(path: &str) -> &str {
    let mut end = path.len();
    while let Some(dot) = path[..end].rfind('.') {
        if path[dot + 1..end].parse::<usize>().is_ok() {
            break;
        }
        end = dot;
    }
    &path[..end]
}

/// The path that two names begin with.
fn common_path<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if same == a.len() {
        return a;
    }
    match a[..same].rfind(['.', '/', '_']) {
        Some(end) => &a[..end],
        None => a,
    }
}
