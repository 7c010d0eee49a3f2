use coverslip_image::components::connected_components;
use ndarray::Array3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PostprocessError, PostprocessStep, Prediction};

/// Numbers the connected groups of foreground pixels, one label for each object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Components {
    /// How many axes two neighbours may differ in: 1 joins pixels that share a side (in 3D, a
    /// face), 2 also those that share a corner (in 3D, an edge), 3 also the corners in 3D.
    #[schemars(range(min = 1, max = 3))]
    pub connectivity: usize,
    /// The class whose groups are the objects, such as 1 for "inside"; left out, every class above
    /// 0 makes objects of its own.
    pub seeds: Option<u32>,
    /// A class that the objects then grow into pixel by pixel, such as 2 for "border", so that they
    /// get back the rim which kept them apart.
    pub grow: Option<u32>,
}

impl Default for Components {
    fn default() -> Self {
        Self {
            connectivity: 1,
            seeds: None,
            grow: None,
        }
    }
}

impl PostprocessStep for Components {
    fn apply(&self, prediction: Prediction) -> Result<Prediction, PostprocessError> {
        let step = "components";
        let classes = prediction.into_labels(step)?;
        let seeds = match self.seeds {
            Some(seeds) => classes.mapv(|class| u32::from(class == seeds)),
            None => classes.clone(),
        };
        let mut objects = connected_components(&seeds.view(), self.connectivity)
            .map_err(|source| PostprocessError::Algorithm { step, source })?
            .labels;
        if let Some(rim) = self.grow {
            grow(&mut objects, &classes, rim);
        }
        Ok(Prediction::Labels(objects))
    }
}

/// Grows objects into pixels of class `rim` in rounds of one pixel (sides, no corners); a pixel
/// that two objects reach in the same round goes to the one with the smaller number.
fn grow(objects: &mut Array3<u32>, classes: &Array3<u32>, rim: u32) {
    let mut front: Vec<[usize; 3]> = objects
        .indexed_iter()
        .filter(|(_, object)| **object != 0)
        .map(|((z, y, x), _)| [z, y, x])
        .collect();
    while !front.is_empty() {
        let mut reached = Vec::new();
        for &pixel in &front {
            for neighbour in neighbours(pixel, objects.dim().into()) {
                if objects[neighbour] == 0 && classes[neighbour] == rim {
                    reached.push((neighbour, objects[pixel]));
                }
            }
        }
        reached.sort_unstable();
        reached.dedup_by_key(|(pixel, _)| *pixel);
        front = reached.iter().map(|(pixel, _)| *pixel).collect();
        for (pixel, object) in reached {
            objects[pixel] = object;
        }
    }
}

/// The up to six pixels that share a side with `pixel`.
fn neighbours(pixel: [usize; 3], shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..3).flat_map(move |axis| {
        let below = (pixel[axis] > 0).then(|| pixel[axis] - 1);
        let above = (pixel[axis] + 1 < shape[axis]).then(|| pixel[axis] + 1);
        [below, above].into_iter().flatten().map(move |place| {
            let mut neighbour = pixel;
            neighbour[axis] = place;
            neighbour
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn objects_take_back_the_border_between_them() {
        let classes = array![[[0, 2, 2, 2, 2, 2, 2, 0], [0, 2, 1, 2, 2, 1, 2, 2]]];
        let step = Components {
            connectivity: 1,
            seeds: Some(1),
            grow: Some(2),
        };
        let objects = step.apply(Prediction::Labels(classes)).unwrap();
        let expected = array![[[0, 1, 1, 1, 2, 2, 2, 0], [0, 1, 1, 1, 2, 2, 2, 2]]];
        assert_eq!(objects, Prediction::Labels(expected));
    }

    #[test]
    fn each_class_makes_its_own_objects_by_default() {
        let classes = array![[[1, 1, 2, 0, 1]]];
        let objects = Components::default()
            .apply(Prediction::Labels(classes))
            .unwrap();
        assert_eq!(objects, Prediction::Labels(array![[[1, 1, 2, 0, 3]]]));
    }
}
