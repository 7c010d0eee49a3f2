//! Identity of nuclei through a stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlgorithmError;
use crate::measure::contour::Point;

/// Nuclei whose centres lie near each other in successive slices are one nucleus.
///
/// A nucleus that drifts farther than the radius over a deep stack is split, because centres stay
/// where they were first seen; `update_center` lets them follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Clustering {
    /// Greatest distance in pixels from the centre of a known nucleus.
    #[schemars(range(min = 0.0))]
    pub radius: f64,
    /// Whether a nucleus's centre is the mean of all its centres so far, not the first. Not part of
    /// the published pipeline.
    pub update_center: bool,
}

impl Default for Clustering {
    fn default() -> Self {
        Self {
            radius: 400.0,
            update_center: false,
        }
    }
}

/// What became of one centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Number of its nucleus, from 0.
    pub id: usize,
    /// How many members the nucleus had before.
    pub rank: usize,
    /// Where it is to be cropped, `[y, x]`: the centre of its nucleus.
    pub crop_center: Point,
}

/// Nuclei of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clusters {
    /// Centre of each nucleus, `[y, x]`.
    pub centers: Vec<Point>,
    /// Each given centre in turn.
    pub members: Vec<Member>,
}

struct Cluster {
    center: [f64; 2],
    size: usize,
}

impl Cluster {
    fn rounded(&self) -> Point {
        self.center.map(|value| value.round_ties_even() as i32)
    }

    fn distance(&self, point: Point) -> f64 {
        let [y, x] = point.map(f64::from);
        (y - self.center[0]).hypot(x - self.center[1])
    }
}

impl Clustering {
    /// Gives each centre, slice by slice in order, to the nearest nucleus within the radius (the
    /// oldest of equally near ones), or makes it a new nucleus.
    ///
    /// # Errors
    /// [`AlgorithmError::Parameter`] for a radius below 0 or NaN.
    pub fn assign(
        &self,
        centers: impl IntoIterator<Item = Point>,
    ) -> Result<Clusters, AlgorithmError> {
        if self.radius.is_nan() || self.radius < 0.0 {
            let expected = "a number of at least 0";
            return Err(AlgorithmError::parameter("radius", self.radius, expected));
        }
        let mut clusters: Vec<Cluster> = Vec::new();
        let mut members = Vec::new();
        for point in centers {
            let id = self.nearest(&clusters, point).unwrap_or_else(|| {
                let center = point.map(f64::from);
                clusters.push(Cluster { center, size: 0 });
                clusters.len() - 1
            });
            let cluster = &mut clusters[id];
            let rank = cluster.size;
            cluster.size += 1;
            if self.update_center {
                for (center, value) in cluster.center.iter_mut().zip(point) {
                    *center += (f64::from(value) - *center) / cluster.size as f64;
                }
            }
            members.push(Member {
                id,
                rank,
                crop_center: cluster.rounded(),
            });
        }
        let centers = clusters.iter().map(Cluster::rounded).collect();
        Ok(Clusters { centers, members })
    }

    fn nearest(&self, clusters: &[Cluster], point: Point) -> Option<usize> {
        let distances = clusters.iter().map(|cluster| cluster.distance(point));
        let (id, distance) = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        (distance <= self.radius).then_some(id)
    }
}
