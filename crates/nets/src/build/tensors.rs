//! Parameters as files of weights hold them: names and order of the axes.

use burn::tensor::TensorData;

/// A parameter or running statistic as files of weights hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTensor {
    /// Its name in the reference implementation, then other names of the same tensor there.
    pub names: Vec<String>,
    /// How its axes lie in a file.
    pub layout: TensorLayout,
    /// Whether training moves it; a running statistic only follows.
    pub is_learned: bool,
}

/// How the axes of a tensor in a file stand to those in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorLayout {
    /// The same.
    Same,
    /// A kernel `[a, b, 1, y, x]` of a 2D network without its Z axis: `[a, b, y, x]`.
    Planar,
    /// The same as Keras has it: `[y, x, b, a]`.
    KerasKernel,
    /// A kernel `[a, b, z, y, x]` of a 3D network as Keras has it: `[z, y, x, b, a]`.
    KerasVolume,
    /// A matrix `[out, in]` as Keras has it: `[in, out]`.
    KerasMatrix,
}

impl TensorLayout {
    /// The shape in a file of a tensor that has `shape` in the network.
    pub fn file_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Planar, &[a, b, _, y, x]) => vec![a, b, y, x],
            (Self::KerasKernel, &[a, b, _, y, x]) => vec![y, x, b, a],
            (Self::KerasVolume, &[a, b, z, y, x]) => vec![z, y, x, b, a],
            (Self::KerasMatrix, &[out, input]) => vec![input, out],
            _ => shape.to_vec(),
        }
    }

    /// What a file holds of the network's `data`.
    pub fn to_file(self, data: TensorData) -> TensorData {
        let shape = data.shape().to_vec();
        let file_shape = self.file_shape(&shape);
        match (self, shape.as_slice()) {
            (Self::Same | Self::Planar, _) => TensorData::new(values(&data), file_shape),
            (_, &[a, b, ..]) => {
                let area = shape[2..].iter().product();
                TensorData::new(exchanged(&values(&data), [a, b, area]), file_shape)
            }
            _ => data,
        }
    }

    /// The network's tensor of `shape` from what a file holds, whose shape is [`Self::file_shape`].
    pub fn from_file(self, data: &TensorData, shape: &[usize]) -> TensorData {
        match (self, shape) {
            (Self::KerasKernel | Self::KerasVolume | Self::KerasMatrix, &[a, b, ..]) => {
                let area = shape[2..].iter().product();
                TensorData::new(exchanged(&values(data), [area, b, a]), shape.to_vec())
            }
            _ => TensorData::new(values(data), shape.to_vec()),
        }
    }
}

fn values(data: &TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

/// Reverses the order of three axes.
fn exchanged(values: &[f32], [a, b, c]: [usize; 3]) -> Vec<f32> {
    let mut result = Vec::with_capacity(values.len());
    for k in 0..c {
        for j in 0..b {
            result.extend((0..a).map(|i| values[(i * b + j) * c + k]));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_networks_agree() {
        let shape = [2, 3, 1, 2, 2];
        let data = TensorData::new((0..24).map(|i| i as f32).collect(), shape);
        for (layout, file_shape) in [
            (TensorLayout::Same, vec![2, 3, 1, 2, 2]),
            (TensorLayout::Planar, vec![2, 3, 2, 2]),
            (TensorLayout::KerasKernel, vec![2, 2, 3, 2]),
        ] {
            let file = layout.to_file(data.clone());
            assert_eq!(file.shape().to_vec(), file_shape);
            assert_eq!(layout.from_file(&file, &shape), data);
        }
        // Element [1, 2, 0, 0, 1] of the network (number 21) is [0, 1, 2, 1] of Keras's file (number 11).
        let file = TensorLayout::KerasKernel.to_file(data);
        let value = file.iter::<f32>().nth(11);
        assert_eq!(value, Some(21.0));
    }

    #[test]
    fn matrices_are_turned() {
        let data = TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
        let file = TensorLayout::KerasMatrix.to_file(data.clone());
        assert_eq!(
            file,
            TensorData::new(vec![1.0f32, 4.0, 2.0, 5.0, 3.0, 6.0], [3, 2])
        );
        assert_eq!(TensorLayout::KerasMatrix.from_file(&file, &[2, 3]), data);
    }
}
