//! The operations that come with Coverslip.

use coverslip_algorithms::{
    exposure::normalize::{CenterZ, MinMax, Normalization, Percentile, Standard},
    filters::{
        distance::Distance,
        edge::{Canny, CannyInteger},
        linear::{Gaussian, GaussianBlur},
        morphology::{BinaryMorphology, GrayMorphology},
        thinning::Thinning,
        threshold::{AdaptiveThreshold, Threshold},
    },
    methods::{keypoint::Reconstruction, nuclei::ExteriorClass},
    segmentation::{peaks::PeakLocalMax, watershed::Watershed},
    transform::resample::{Degrade, Resize},
};
use coverslip_image::Image;

use crate::{
    names::RegistryError,
    registry::Registry,
    steps::operation::{
        OperationError, Product,
        filters::{self, Boundary},
        geometry::{self, Turn},
        intensity::{self, Autoscale, MatchHistogram, Stains},
        keypoints::{self, Keypoints},
        labels::{
            self, Border, Holes, Isolated, Label, Largest, Layers, Relabel, Small, Split, ToLayers,
        },
        measure::{self, Contours, Regions},
        nuclei::{self, Crop, Nuclei, NucleusTable},
    },
};

const IMAGE: &[&str] = &["image"];
const MASK: &[&str] = &["mask"];
const LABELS: &[&str] = &["labels"];
const STACK: &[&str] = &["stack"];

/// Adds them to a registry.
pub(crate) fn add_operations(registry: &mut Registry) -> Result<(), RegistryError> {
    normalizations(registry)?;
    registry.add_operation::<MatchHistogram>(
        "match_histogram",
        &["image", "reference"],
        intensity::matched,
    )?;
    registry.add_operation::<Stains>("macenko", IMAGE, intensity::stains)?;
    registry.add_operation::<Autoscale>("autoscale", IMAGE, intensity::autoscaled)?;
    registry.add_operation::<GaussianBlur>("gaussian_blur", IMAGE, filters::gaussian_blur)?;
    registry.add_operation::<Gaussian>("gaussian", IMAGE, filters::gaussian)?;
    registry.add_operation::<Threshold>("threshold", IMAGE, filters::threshold)?;
    registry.add_operation::<AdaptiveThreshold>(
        "adaptive_threshold",
        IMAGE,
        filters::adaptive_threshold,
    )?;
    registry.add_operation::<GrayMorphology>("morphology", IMAGE, filters::morphology)?;
    registry.add_operation::<BinaryMorphology>(
        "binary_morphology",
        MASK,
        filters::binary_morphology,
    )?;
    registry.add_operation::<Canny>("canny", IMAGE, filters::canny)?;
    registry.add_operation::<CannyInteger>("canny_integer", IMAGE, filters::canny_integer)?;
    registry.add_operation::<Thinning>("thin", MASK, filters::thin)?;
    registry.add_operation::<Boundary>("boundary", MASK, filters::boundaries)?;
    registry.add_operation::<Distance>("distance", MASK, filters::distance)?;
    registry.add_operation::<Label>("components", IMAGE, labels::label)?;
    registry.add_operation::<Largest>("largest", IMAGE, labels::largest)?;
    registry.add_operation::<Small>("remove_small", MASK, labels::remove_small)?;
    registry.add_operation::<Holes>("fill_holes", MASK, labels::holes)?;
    registry.add_operation::<Border>("clear_border", LABELS, labels::border)?;
    registry.add_operation::<Relabel>("relabel", LABELS, labels::relabel)?;
    registry.add_operation::<Isolated>("remove_isolated", LABELS, labels::isolated)?;
    registry.add_operation::<Watershed>("watershed", &["relief", "markers"], labels::watershed)?;
    registry.add_operation::<Split>("split", MASK, labels::split)?;
    registry.add_operation::<Layers>("layers_to_instances", &["layers"], labels::layers)?;
    registry.add_operation::<ToLayers>("instances_to_layers", LABELS, labels::to_layers)?;
    registry.add_operation::<Nuclei>("nuclei", STACK, nuclei::nuclei)?;
    registry.add_operation::<NucleusTable>("nucleus_table", STACK, nuclei::table)?;
    registry.add_operation::<ExteriorClass>(
        "exterior_class",
        &["classes", "image"],
        nuclei::exterior,
    )?;
    registry.add_operation::<Crop>("crop_about", IMAGE, nuclei::cropped)?;
    registry.add_operation::<Resize>("resize", IMAGE, geometry::resized)?;
    registry.add_operation::<Degrade>("degrade", IMAGE, geometry::degraded)?;
    registry.add_operation::<Turn>("turn", IMAGE, geometry::turned)?;
    registry.add_operation::<Keypoints>("keypoints", IMAGE, keypoints::stored)?;
    registry.add_operation::<Reconstruction>(
        "reconstruct",
        &["mask or key points (.cskp)"],
        intensity::reconstructed,
    )?;
    registry.add_operation::<Regions>("regions", LABELS, measure::regions)?;
    registry.add_operation::<Contours>("contours", MASK, measure::contours)?;
    registry.add_operation::<PeakLocalMax>("peaks", IMAGE, measure::peaks)?;
    Ok(())
}

/// Adds those that are steps on labels to a registry.
pub(crate) fn add_label_steps(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.add_label_step::<Border>("clear_border", labels::border)?;
    registry.add_label_step::<Largest>("largest", labels::largest)?;
    registry.add_label_step::<Isolated>("remove_isolated", labels::isolated)?;
    registry.add_label_step::<Relabel>("relabel", labels::relabel)?;
    registry.add_label_step::<Split>("split", labels::split)
}

fn normalizations(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.add_operation::<Percentile>("percentile", IMAGE, |options, images| {
        normalize(&Normalization::Percentile(options.clone()), images)
    })?;
    registry.add_operation::<Standard>("standard", IMAGE, |options, images| {
        normalize(&Normalization::Standard(options.clone()), images)
    })?;
    registry.add_operation::<MinMax>("min_max", IMAGE, |options, images| {
        normalize(&Normalization::MinMax(options.clone()), images)
    })?;
    registry.add_operation::<CenterZ>("center_z", IMAGE, |options, images| {
        normalize(&Normalization::CenterZ(options.clone()), images)
    })
}

fn normalize(method: &Normalization, images: &[Image]) -> Result<Product, OperationError> {
    intensity::normalized(method, &images[0])
}
