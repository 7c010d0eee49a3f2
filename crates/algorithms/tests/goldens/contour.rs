//! Contours, and nuclei from stacks of slices.

use coverslip_algorithms::filters::linear::GaussianBlur;
use coverslip_algorithms::measure::contour::{
    Contour, Point, approximate, area, bounding_box, fill_polygon, find_contours, hierarchy,
    moments, perimeter,
};
use coverslip_algorithms::methods::nuclei::{Clustering, Extraction, FixedCrop};
use serde_json::Value;

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::Tensor;

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "find_contours_tree" => contours,
        "contour_measures" => measures,
        "nuclei_extract_slice" => extract,
        "nuclei_cluster_ids" => cluster,
        "crop_fixed" => crop,
        _ => return None,
    })
}

/// Points as rows of `x y`.
fn points_xy<'a>(points: impl IntoIterator<Item = &'a Point>) -> Tensor {
    let values: Vec<i32> = points.into_iter().flat_map(|&[y, x]| [x, y]).collect();
    rows(&values, 2)
}

fn rows<T: crate::tensor::Element>(values: &[T], columns: usize) -> Tensor {
    let mut tensor = Tensor::vector(values);
    tensor.shape = vec![values.len() / columns, columns];
    tensor
}

fn lengths<'a>(lists: impl Iterator<Item = &'a Vec<Point>>) -> Tensor {
    Tensor::vector(&lists.map(|points| points.len() as i64).collect::<Vec<_>>())
}

fn contours(case: &Case) -> Result<Outcome, Failure> {
    let found = find_contours(&case.image::<u8>("x")?.view())?;
    let corners: Vec<Vec<Point>> = found.iter().map(Contour::corners).collect();
    let links: Vec<i32> = hierarchy(&found).into_iter().flatten().collect();
    Ok(Outcome::default()
        .with("hierarchy", rows(&links, 4))
        .with(
            "points_xy",
            points_xy(found.iter().flat_map(|contour| &contour.points)),
        )
        .with(
            "lengths",
            lengths(found.iter().map(|contour| &contour.points)),
        )
        .with("simple_points_xy", points_xy(corners.iter().flatten()))
        .with("simple_lengths", lengths(corners.iter())))
}

fn measures(case: &Case) -> Result<Outcome, Failure> {
    let mut rest: Vec<Point> = points(case.input("points_xy")?);
    let mut lists = Vec::new();
    for &length in &case.input("lengths")?.values {
        let tail = rest.split_off(length as usize);
        lists.push(std::mem::replace(&mut rest, tail));
    }
    let epsilon = match case.param_or("approx_epsilon", Value::from("0.01*perimeter"))? {
        Value::String(text) => text.trim_end_matches("*perimeter").parse::<f64>(),
        other => Ok(other.as_f64().unwrap_or(f64::NAN)),
    };
    let epsilon = epsilon.map_err(|error| error.to_string())?;
    let is_share = case.param_or("approx_epsilon", Value::Null)?.is_string();
    let simple: Vec<Vec<Point>> = lists
        .iter()
        .map(|list| {
            approximate(
                list,
                if is_share {
                    epsilon * perimeter(list)
                } else {
                    epsilon
                },
            )
        })
        .collect();
    let boxes: Vec<i32> = lists
        .iter()
        .filter_map(|list| bounding_box(list))
        .flat_map(|([y, x], [height, width])| [x, y, width as i32, height as i32])
        .collect();
    let columns = ["m00", "m10", "m01", "mu20", "mu11", "mu02"].map(str::to_owned);
    let columns: Vec<String> = case.param_or("moments_columns", columns.to_vec())?;
    let all_moments: Vec<f64> = lists
        .iter()
        .flat_map(|list| {
            let found = moments(list);
            columns.iter().map(move |column| match column.as_str() {
                "m00" => found.m00,
                "m10" => found.m10,
                "m01" => found.m01,
                "mu20" => found.mu20,
                "mu11" => found.mu11,
                "mu02" => found.mu02,
                _ => f64::NAN,
            })
        })
        .collect();
    let each = |measure: fn(&[Point]) -> f64| {
        Tensor::vector(&lists.iter().map(|list| measure(list)).collect::<Vec<_>>())
    };
    Ok(Outcome::default()
        .with("area", each(area))
        .with("perimeter", each(perimeter))
        .with("bounding_xywh", rows(&boxes, 4))
        .with("moments", rows(&all_moments, columns.len()))
        .with("approx_points_xy", points_xy(simple.iter().flatten()))
        .with("approx_lengths", lengths(simple.iter())))
}

fn points(tensor: &Tensor) -> Vec<Point> {
    let pairs = tensor.values.chunks_exact(2);
    pairs.map(|pair| [pair[1] as i32, pair[0] as i32]).collect()
}

fn extract(case: &Case) -> Result<Outcome, Failure> {
    let base = Extraction::default();
    let extraction = Extraction {
        blur: GaussianBlur {
            size: Some(case.param_or("blur_ksize", 11)?),
            ..base.blur.clone()
        },
        block: case.param_or("block", None)?,
        offset: case.param_or("C", 7.0)?,
        gradient_iterations: case.param_or("gradient_iterations", 3)?,
        area: [
            case.param_or("area_min", base.area[0])?,
            case.param_or("area_max", base.area[1])?,
        ],
        min_vertices: case.param_or("min_vertices_exclusive", 8)?,
        scale: case.param_or("scale", 1.1)?,
        ..base
    };
    let image = case.image::<u8>("image")?;
    let found = extraction.apply(&image.view())?;
    let nuclei = &found.nuclei;
    let shape = [image.nrows(), image.ncols()];
    let mut masks = ndarray::Array3::from_elem((nuclei.len(), shape[0], shape[1]), false);
    for (mut mask, nucleus) in masks.outer_iter_mut().zip(nuclei) {
        mask.assign(&fill_polygon(&nucleus.outline, shape));
    }
    Ok(Outcome::default()
        .with("blur", found.blur)
        .with("threshold", found.threshold)
        .with("gradient", found.gradient)
        .with("masks", masks)
        .with(
            "centroids_xy",
            points_xy(nuclei.iter().map(|nucleus| &nucleus.center)),
        )
        .with(
            "scaled_contours_xy",
            points_xy(nuclei.iter().flat_map(|nucleus| &nucleus.outline)),
        )
        .with(
            "scaled_lengths",
            lengths(nuclei.iter().map(|nucleus| &nucleus.outline)),
        ))
}

fn cluster(case: &Case) -> Result<Outcome, Failure> {
    let clustering = Clustering {
        radius: case.param_or("radius", 400.0)?,
        update_center: false,
    };
    let found = clustering.assign(points(case.input("centroids_xy")?))?;
    let members = &found.members;
    let numbers: Vec<i64> = members
        .iter()
        .flat_map(|member| [member.id as i64, member.rank as i64])
        .collect();
    Ok(Outcome::default()
        .with("id_and_rank", rows(&numbers, 2))
        .with(
            "crop_centre_xy",
            points_xy(members.iter().map(|member| &member.crop_center)),
        )
        .with("centres_xy", points_xy(&found.centers)))
}

fn crop(case: &Case) -> Result<Outcome, Failure> {
    let crop = FixedCrop {
        size: case.param("size")?,
    };
    let center = [case.param("cy")?, case.param("cx")?];
    let (y, [row, column]) = crop.apply(&case.image::<f64>("x")?.view(), center)?;
    let mut y = Tensor::from(y);
    y.is_float = case.input("x")?.is_float;
    Ok(Outcome::default()
        .with("origin_xy", Tensor::vector(&[column, row]))
        .with("y", y))
}
