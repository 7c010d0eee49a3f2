//! A network as a picture: its layers from left to right, coarser maps further down, so that a U-Net is
//! drawn as a U.

mod blocks;
mod links;
mod map;
mod svg;

use super::Layout;
use blocks::blocks;
use links::links;
use svg::Drawing;

impl Layout {
    /// The network as an SVG file. A box is a run of layers whose maps are of one size, as high as the
    /// logarithm of their channels; stripes in it are the layers. Lines are where its input comes from, as
    /// far as the sizes of the maps tell; sums do not show.
    pub fn diagram(&self, name: &str) -> String {
        let blocks = blocks(self);
        let links = links(&blocks);
        Drawing::new(&blocks, &links).svg(&self.title(name))
    }

    fn title(&self, name: &str) -> String {
        let [_, c, z, y, x] = self.input;
        let size = if z == 1 {
            format!("{c} × {y} × {x}")
        } else {
            format!("{c} × {z} × {y} × {x}")
        };
        format!("{name}, input {size}, {} parameters", self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use coverslip_nets::NetworkIo;
    use serde_json::json;

    use super::{
        blocks::{Block, Look, blocks},
        links::{Kind, links},
    };
    use crate::{
        inspect::networks::{Layout, lay_out},
        names::Named,
        registry::Registry,
    };

    fn layout(name: &str, options: serde_json::Value, input: [usize; 5]) -> Layout {
        let registry = Registry::builtin().unwrap();
        let network = Named {
            name: name.to_owned(),
            options,
        };
        let io = NetworkIo {
            in_channels: input[1],
            out_channels: 1,
            dimensions: if input[2] == 1 { 2 } else { 3 },
        };
        lay_out(&registry, &network, io, Some(input)).unwrap()
    }

    fn small_unet() -> Layout {
        let options = json!({"base": 2, "depth": 2});
        layout("unet", options, [1, 1, 1, 32, 32])
    }

    fn looks(blocks: &[Block]) -> Vec<(Look, usize, usize)> {
        let one = |block: &Block| (block.look, block.output.channels, block.output.pixels);
        blocks.iter().map(one).collect()
    }

    #[test]
    fn a_unet_is_a_box_for_each_size() {
        assert_eq!(
            looks(&blocks(&small_unet())),
            [
                (Look::Input, 1, 1024),
                (Look::Conv, 2, 1024),
                (Look::Conv, 4, 256),
                (Look::Conv, 8, 64),
                (Look::Transposed, 4, 256),
                (Look::Conv, 4, 256),
                (Look::Transposed, 2, 1024),
                (Look::Conv, 2, 1024),
                (Look::Conv, 1, 1024),
            ]
        );
    }

    #[test]
    fn skips_lead_from_the_way_down_to_the_way_up() {
        let found = links(&blocks(&small_unet()));
        let of = |kind| {
            let kept = found.iter().filter(move |link| link.kind == kind);
            kept.map(|link| (link.from, link.to)).collect::<Vec<_>>()
        };
        assert_eq!(of(Kind::Skip), [(2, 5), (1, 7)]);
        assert_eq!(of(Kind::Pooled), [(1, 2), (2, 3)]);
        let flow = [(0, 1), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8)];
        assert_eq!(of(Kind::Flow), flow);
    }

    #[test]
    fn a_network_without_skips_gets_none() {
        let options = json!({"base": 4, "blocks": 3});
        let layout = layout("resnet_generator", options, [1, 1, 1, 32, 32]);
        let found = links(&blocks(&layout));
        assert!(found.iter().all(|link| link.kind == Kind::Flow));
        assert_eq!(found.len(), blocks(&layout).len() - 1);
    }

    #[test]
    fn where_several_maps_are_of_the_wanted_size_no_line_is_drawn() {
        let layout = layout("swin_unetr", json!({}), [1, 1, 1, 64, 64]);
        let blocks = blocks(&layout);
        let found = links(&blocks);
        let sources = |name: &str| {
            let to = blocks.iter().position(|block| block.name == name).unwrap();
            let links = found.iter().filter(|link| link.to == to);
            links
                .map(|link| blocks[link.from].name.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(sources("encoder1.layer"), ["input"]);
        // The patches, or what either block of the first stage makes of them.
        assert_eq!(sources("encoder2.layer"), [""; 0]);
        assert_eq!(sources("encoder10.layer"), ["swinViT.layers4.0.downsample"]);
    }

    #[test]
    fn each_scale_of_a_discriminator_begins_at_the_image() {
        let options = json!({"base": 4, "scales": 3});
        let layout = layout("multiscale_discriminator", options, [1, 1, 1, 128, 128]);
        let starts: Vec<_> = links(&blocks(&layout))
            .into_iter()
            .filter(|link| link.from == 0)
            .map(|link| link.kind)
            .collect();
        assert_eq!(starts, [Kind::Flow, Kind::Pooled, Kind::Pooled]);
    }

    #[test]
    fn a_picture_is_well_formed_and_has_every_box() {
        let layout = small_unet();
        let svg = layout.diagram("a <name> & more");
        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut boxes = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(tag) if tag.name().as_ref() == "g" => boxes += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(boxes, blocks(&layout).len());
        assert!(svg.contains("a &lt;name&gt; &amp; more"));
        assert!(svg.contains("<title>down1.maxpool_conv.1.double_conv: 4 × 16 × 16</title>"));
    }

    #[test]
    fn many_layers_share_boxes() {
        let layout = layout("msdnet", json!({"layers": 100}), [1, 1, 1, 16, 16]);
        assert!(blocks(&layout).len() < 60);
    }
}
