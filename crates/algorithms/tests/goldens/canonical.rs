//! Contours as a set of cyclic lists of points, each with the contour around it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tensor::Tensor;

type Points = Vec<[i64; 2]>;
type Arrays = BTreeMap<String, Tensor>;

pub(crate) fn is_canonical(tolerance: &Value) -> bool {
    tolerance.get("compare").and_then(Value::as_str) == Some("canonical")
}

/// Compares the contours whose points, lengths or hierarchy the array `name` is.
pub(crate) fn compare_contours(
    name: &str,
    found: &Arrays,
    expected: &Arrays,
) -> Result<(), String> {
    let points = match name {
        "hierarchy" | "lengths" => "points_xy".to_owned(),
        name => name.replace(
            "lengths",
            if expected.contains_key("scaled_contours_xy") {
                "contours_xy"
            } else {
                "points_xy"
            },
        ),
    };
    let (found, expected) = (contours(&points, found)?, contours(&points, expected)?);
    if found == expected {
        return Ok(());
    }
    let same = found
        .iter()
        .filter(|contour| expected.contains(contour))
        .count();
    Err(format!(
        "has {} contours of which {same} are among the {} expected",
        found.len(),
        expected.len()
    ))
}

/// Each contour with that of its parent, sorted.
fn contours(points: &str, arrays: &Arrays) -> Result<Vec<(Points, Option<Points>)>, String> {
    let lengths = points
        .replace("points_xy", "lengths")
        .replace("contours_xy", "lengths");
    let array = |name: &str| arrays.get(name).ok_or_else(|| format!("lacks `{name}`"));
    let mut rest: Points = array(points)?
        .values
        .chunks_exact(2)
        .map(|point| [point[1] as i64, point[0] as i64])
        .collect();
    let mut lists = Vec::new();
    for &length in &array(&lengths)?.values {
        if length as usize > rest.len() {
            return Err("has more lengths than points".to_owned());
        }
        let tail = rest.split_off(length as usize);
        lists.push(rotated(&std::mem::replace(&mut rest, tail)));
    }
    let parents: Vec<i64> = arrays.get("hierarchy").map_or_else(
        || vec![-1; lists.len()],
        |links| {
            links
                .values
                .chunks_exact(4)
                .map(|row| row[3] as i64)
                .collect()
        },
    );
    let parent = |index: usize| {
        let parent = usize::try_from(*parents.get(index)?).ok()?;
        lists.get(parent).cloned()
    };
    let mut found: Vec<_> = (0..lists.len())
        .map(|index| (lists[index].clone(), parent(index)))
        .collect();
    found.sort();
    Ok(found)
}

/// The smallest of all rotations.
fn rotated(points: &Points) -> Points {
    let rotations = (0..points.len()).map(|start| {
        let mut rotated = points.clone();
        rotated.rotate_left(start);
        rotated
    });
    rotations.min().unwrap_or_default()
}
