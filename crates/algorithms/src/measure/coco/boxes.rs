//! Bounding boxes.

use serde::{Deserialize, Serialize};

/// Left, top, width and height, in pixels; pixel 0 reaches from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoundingBox(pub [f64; 4]);

/// Intersection over union of a detected box and a true one; over the detection's area alone if
/// the truth is a crowd. 0 where that is 0.
pub fn box_iou(detection: BoundingBox, truth: BoundingBox, crowd: bool) -> f64 {
    let ([x, y, w, h], [u, v, s, t]) = (detection.0, truth.0);
    let width = (x + w).min(u + s) - x.max(u);
    let height = (y + h).min(v + t) - y.max(v);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let common = width * height;
    let whole = if crowd { w * h } else { w * h + s * t - common };
    common / whole
}
