//! What the seam of frameworks promises: unpaired draws, maps made on the fly, judges, blind spots.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use coverslip::{
    base::random,
    config::Config,
    data::{Batch, DataSet, Images, Patch, PatchStep, Recipe, Sampler, Sampling, TargetForm},
    framework::{Pairing, Plan, package_weights, weights_of},
    names::Named,
    registry::Registry,
    weights::state_dict,
};
use coverslip_algorithms::AlgorithmError;
use coverslip_image::{Image, write_image};
use coverslip_nets::NetworkIo;
use ndarray::{Array2, Array4, Axis};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tempfile::TempDir;

/// Images of one value each, from `first` on.
fn folder(count: usize, first: f32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..count {
        let values = Array2::from_elem((12, 12), first + index as f32);
        let image = Image::new(values, "yx".parse().unwrap()).unwrap();
        write_image(folder.path().join(format!("{index}.tif")), &image).unwrap();
    }
    folder
}

fn images(folder: &TempDir, form: TargetForm) -> Arc<Images> {
    let recipe = Recipe {
        source: form,
        ..Recipe::new(form)
    };
    let set = DataSet::of_sources(folder.path(), None).unwrap();
    Arc::new(Images::new(set, recipe, usize::MAX))
}

fn sampler(images: Arc<Images>, targets: Option<Arc<Images>>) -> Sampler {
    Sampler {
        images,
        targets,
        seed: 3,
        purpose: "training",
        patch: [1, 8, 8],
        sampling: Sampling::Uniform,
        foreground: 0.5,
        augmentations: Vec::new(),
        last_steps: Vec::new(),
    }
}

/// Adds a map that says how large the source is, and notes what it was given.
struct Doubled;

impl PatchStep for Doubled {
    fn apply(&self, patch: &mut Patch, _: &mut ChaCha8Rng) -> Result<(), AlgorithmError> {
        patch.others.insert("doubled", &patch.source * 2.0);
        Ok(())
    }
}

#[test]
fn unpaired_sides_are_drawn_by_themselves_and_all_of_both_is_used() {
    let (sources, targets) = (folder(3, 0.0), folder(5, 100.0));
    let mut sampler = sampler(
        images(&sources, TargetForm::Values),
        Some(images(&targets, TargetForm::Values)),
    );
    sampler.last_steps.push(Arc::new(Doubled));
    let batch: Batch = sampler.batch(0, 30).unwrap();
    let value = |maps: &ndarray::Array5<f32>, index: usize| maps[[index, 0, 0, 0, 0]] as u32;
    let pairs: BTreeSet<(u32, u32)> = (0..30)
        .map(|index| (value(&batch.source, index), value(batch.target(), index)))
        .collect();
    let sides = pairs
        .iter()
        .fold([BTreeSet::new(), BTreeSet::new()], |mut sides, (a, b)| {
            sides[0].insert(*a);
            sides[1].insert(*b);
            sides
        });
    assert_eq!(sides[0], (0..3).collect());
    assert_eq!(sides[1], (100..105).collect());
    assert!(pairs.len() > 8, "the draws depend on each other: {pairs:?}");
    assert_eq!(batch.others["doubled"], &batch.source * 2.0);
    // Each patch is a function of its number.
    let again = sampler.batch(7, 1).unwrap();
    assert_eq!(
        again.source.index_axis(Axis(0), 0),
        batch.source.index_axis(Axis(0), 7)
    );
}

#[test]
fn object_numbers_are_exact_whatever_the_labels_are() {
    let folder = tempfile::tempdir().unwrap();
    let labels = Array2::from_shape_vec((1, 4), vec![0u32, 4_000_000_001, 7, 4_000_000_002]);
    let image = Image::new(labels.unwrap(), "yx".parse().unwrap()).unwrap();
    write_image(folder.path().join("a.tif"), &image).unwrap();
    let images = images(&folder, TargetForm::Ids);
    let sample = images.get(0).unwrap();
    let numbers: Vec<f32> = sample.source.iter().copied().collect();
    assert_eq!(numbers, [0.0, 2.0, 1.0, 3.0]);
}

#[test]
fn a_package_of_several_networks_is_taken_apart_again() {
    let registry = Registry::builtin().unwrap();
    let io = NetworkIo {
        in_channels: 1,
        out_channels: 1,
        dimensions: 2,
    };
    let named: Named = serde_json::from_value(json!({"unet": {"base": 1, "depth": 1}})).unwrap();
    let [forward, backward] = [1, 2].map(|seed| registry.network(&named, io, seed).unwrap());
    let own = |network| state_dict::collect(network);
    let both = package_weights(&[("forward", &forward), ("backward", &backward)]);
    assert_eq!(both.len(), own(&forward).len() + own(&backward).len());
    assert_eq!(weights_of(&both, "forward", 2), own(&forward));
    assert_eq!(weights_of(&both, "backward", 2), own(&backward));
    let one = package_weights(&[("forward", &forward)]);
    assert_eq!(one, own(&forward));
    assert_eq!(weights_of(&one, "forward", 1), one);
}

fn plan(config: &str) -> Plan {
    let registry = Registry::builtin().unwrap();
    let config = Config::from_text("test", config, Path::new(""), &[], &registry).unwrap();
    let settings = &config.settings;
    let kind = &registry
        .frameworks
        .get(&settings.framework.name)
        .unwrap()
        .build;
    kind.plan(&settings.framework, &settings.network, &settings.data)
        .unwrap()
}

fn noise2void(options: &str, network: &str, patch: &str) -> Plan {
    plan(&format!(
        "{{framework: {{noise2void: {options}}}, network: {{unet: {network}}}, \
         data: {{train: {{source: a}}, target_kind: image, patch: {{size: {patch}}}}}}}"
    ))
}

/// A patch with a blind spot in some of its pixels, and the patch as it was.
fn blinded(plan: &Plan, size: [usize; 3], index: u64) -> (Patch, Array4<f32>) {
    let [z, y, x] = size;
    let source = Array4::from_shape_fn((2, z, y, x), |(c, z, y, x)| {
        (c * 1_000_000 + z * 10_000 + y * 100 + x) as f32
    });
    let mut patch = Patch::new(source.clone());
    let mut random = random::stream(1, "blind spots", index);
    plan.last_steps[0].apply(&mut patch, &mut random).unwrap();
    (patch, source)
}

#[test]
fn blind_spots_hide_the_wanted_share_and_show_other_pixels() {
    for (size, patch_size, network) in [
        ([1, 64, 64], "[64, 64]", "{depth: 2}"),
        ([16, 48, 48], "[16, 48, 48]", "{depth: 2}"),
    ] {
        let plan = noise2void("{}", network, patch_size);
        assert_eq!(plan.pairing, Pairing::SourceOnly);
        let (mut hidden, mut all, mut same_places) = (0, 0, 0);
        for index in 0..40 {
            let (patch, source) = blinded(&plan, size, index);
            assert_eq!(patch.target.as_ref(), Some(&source));
            let weight = patch.weight.unwrap();
            for (place, &is_hidden) in weight.indexed_iter() {
                let shown = patch.source[place];
                if is_hidden == 0.0 {
                    assert_eq!(shown, source[place]);
                    continue;
                }
                assert_ne!(shown, source[place], "a hidden pixel shows itself");
                let distance = |a: f32, b: f32| (a - b).abs();
                let [own, other] = [source[place], shown].map(|value| value % 100.0);
                assert!(distance(own, other) <= 5.0, "{own} {other}");
                assert_eq!(
                    (shown / 1e6) as usize,
                    place.0,
                    "a value of another channel"
                );
            }
            hidden += weight.iter().filter(|&&value| value > 0.0).count();
            all += weight.len();
            let [first, second] = [0, 1].map(|channel| weight.index_axis(Axis(0), channel));
            same_places += usize::from(first == second);
        }
        let share = 100.0 * hidden as f64 / all as f64;
        assert!((0.17..0.23).contains(&share), "{size:?}: {share} %");
        assert!(same_places < 5, "channels share their places");
    }
}

#[test]
fn the_median_of_n2v2_leaves_its_pixel_out() {
    let plan = noise2void(
        "{variant: n2v2, together: true}",
        "{n2v2: true}",
        "[64, 64]",
    );
    let (patch, source) = blinded(&plan, [1, 64, 64], 0);
    let weight = patch.weight.unwrap();
    assert_eq!(weight.index_axis(Axis(0), 0), weight.index_axis(Axis(0), 1));
    let mut seen = 0;
    for ((c, z, y, x), _) in weight.indexed_iter().filter(|(_, value)| **value > 0.0) {
        let near = |at: usize| at.saturating_sub(5)..(at + 6).min(64);
        let mut window: Vec<f32> = near(y)
            .flat_map(|y| near(x).map(move |x| (y, x)))
            .filter(|place| *place != (y, x))
            .map(|(y, x)| source[[c, z, y, x]])
            .collect();
        window.sort_by(f32::total_cmp);
        let [low, high] = [(window.len() - 1) / 2, window.len() / 2].map(|index| window[index]);
        assert_eq!(patch.source[[c, z, y, x]], f32::midpoint(low, high));
        seen += 1;
    }
    assert!(seen > 5);
}

#[test]
fn one_half_of_n2v2_is_refused() {
    let registry = Registry::builtin().unwrap();
    for (variant, n2v2) in [("n2v", true), ("n2v2", false)] {
        let config = format!(
            "{{framework: {{noise2void: {{variant: {variant}}}}}, network: {{unet: {{n2v2: {n2v2}}}}}, \
             data: {{train: {{source: a}}, target_kind: image}}}}"
        );
        let error = Config::from_text("test", &config, Path::new(""), &[], &registry).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("noise2void.variant"), "{text}");
    }
}

#[test]
fn a_framework_that_needs_targets_or_losses_says_so() {
    let registry = Registry::builtin().unwrap();
    let config = "{network: unet, data: {train: {source: a}, target_kind: image}}";
    let error = Config::from_text("test", config, Path::new(""), &[], &registry).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`data.train.target` is missing"), "{text}");
    assert!(text.contains("`loss` is missing"), "{text}");
}
