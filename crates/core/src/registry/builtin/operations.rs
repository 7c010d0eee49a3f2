//! The operations that come with Coverslip.

use coverslip_algorithms::{
    exposure::normalize::{CenterZ, MinMax, Normalization, Percentile, Standard},
    filters::{
        distance::Distance,
        edge::{Canny, CannyInteger},
        linear::{Gaussian, GaussianBlur},
        morphology::{BinaryMorphology, GrayMorphology},
        thinning::Thinning,
        threshold::AdaptiveThreshold,
    },
    methods::{keypoint::Reconstruction, nuclei::ExteriorClass},
    segmentation::peaks::PeakLocalMax,
    transform::resample::{Degrade, Resize},
};
use coverslip_image::Image;
use serde_json::json;

use crate::{
    base::error::Error,
    names::RegistryError,
    registry::Registry,
    steps::{
        algorithm::{
            Components, FillHoles, MatchHistogramOptions, RemoveSmall, Threshold, Watershed,
        },
        operation::{
            Operation, OperationError, Product,
            filters::{self, Boundary},
            geometry::{self, Turn},
            intensity::{self, Autoscale, Stains},
            keypoints::{self, Keypoints},
            labels::{self, Border, Isolated, Largest, Layers, Relabel, Split, ToLayers},
            measure::{self, Contours, Regions},
            nuclei::{self, Crop, Nuclei, NucleusTable},
        },
    },
};

const IMAGE: &[&str] = &["image"];
const MASK: &[&str] = &["mask"];
const LABELS: &[&str] = &["labels"];
const STACK: &[&str] = &["stack"];

/// Adds them to a registry.
pub(crate) fn add_operations(registry: &mut Registry) -> Result<(), RegistryError> {
    normalizations(registry)?;
    let images = &["image", "reference"];
    let build = |options: MatchHistogramOptions| Ok(options.operation()?);
    registry.add_operation_with("match_histogram", images, &json!({}), build)?;
    registry.add_operation::<Stains>("macenko", IMAGE, intensity::stains)?;
    registry.add_operation::<Autoscale>("autoscale", IMAGE, intensity::autoscaled)?;
    registry.add_operation::<GaussianBlur>("gaussian_blur", IMAGE, filters::gaussian_blur)?;
    registry.add_operation::<Gaussian>("gaussian", IMAGE, filters::gaussian)?;
    let defaults = json!({"method": "otsu"});
    registry.add_operation_over("threshold", IMAGE, &defaults, Threshold::operation)?;
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
    registry.add_operation("components", IMAGE, Components::operation)?;
    registry.add_operation::<Largest>("largest", IMAGE, labels::largest)?;
    let defaults = json!({"min_size": 64, "labels": false});
    registry.add_operation_over("remove_small", MASK, &defaults, RemoveSmall::operation)?;
    let defaults = json!({"labels": false});
    registry.add_operation_over("fill_holes", MASK, &defaults, FillHoles::operation)?;
    registry.add_operation::<Border>("clear_border", LABELS, labels::border)?;
    registry.add_operation::<Relabel>("relabel", LABELS, labels::relabel)?;
    registry.add_operation::<Isolated>("remove_isolated", LABELS, labels::isolated)?;
    let (images, defaults) = (&["relief", "markers"], json!({"seeds": null, "mask": null}));
    let build = |options: Watershed| -> Result<Operation, Error> {
        Ok(Box::new(move |images| options.operation(images)))
    };
    registry.add_operation_with("watershed", images, &defaults, build)?;
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
    })?;
    Ok(())
}

fn normalize(method: &Normalization, images: &[Image]) -> Result<Product, OperationError> {
    intensity::normalized(method, &images[0])
}
