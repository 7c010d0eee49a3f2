//! Losses against values and gradients of the reference implementations (PyTorch, MONAI); each
//! folder of `goldens/` says in its `config.json` what made it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use coverslip_nets::{
    Loss,
    loss::{CrossEntropy, Dice, L1, Mse},
};
use safetensors::{Dtype, SafeTensors};

struct Golden(Vec<u8>);

impl Golden {
    fn read(case: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/goldens")
            .join(case);
        Self(std::fs::read(folder.join("golden.safetensors")).unwrap())
    }

    fn values(&self, name: &str) -> (Vec<f32>, Vec<usize>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap();
        let values = match view.dtype() {
            Dtype::F32 => view
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            Dtype::I64 => view
                .data()
                .as_chunks()
                .0
                .iter()
                .map(|b| i64::from_le_bytes(*b) as f32)
                .collect(),
            other => panic!("{name} is {other:?}"),
        };
        (values, view.shape().to_vec())
    }

    /// A 2D tensor as `[N, C, 1, Y, X]`; a target without a channel axis gets one.
    fn tensor(&self, name: &str, device: &Device) -> Tensor<5> {
        let (values, shape) = self.values(name);
        let shape = match shape[..] {
            [n, y, x] => [n, 1, 1, y, x],
            [n, c, y, x] => [n, c, 1, y, x],
            _ => panic!("{name} has shape {shape:?}"),
        };
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// Value to 1e-5, gradient to 1e-4 of its largest entry.
fn check(case: &str, output: &str, loss: &dyn Loss) {
    let golden = Golden::read(case);
    let device = Device::flex().autodiff();
    let prediction = golden.tensor(output, &device).require_grad();
    let value = loss.value(prediction.clone(), &golden.tensor("target", &device));
    let gradients = value.backward();
    let expected = golden.values("value").0[0];
    let found = value.into_scalar::<f32>();
    assert!(
        (found - expected).abs() <= 1e-5 * expected.abs().max(1.0),
        "{found} {expected}"
    );

    let gradient = prediction
        .grad(&gradients)
        .unwrap()
        .into_data()
        .try_to_vec::<f32>()
        .unwrap();
    let expected = golden.values(&format!("grad/{output}")).0;
    assert_eq!(gradient.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0f32, |max, value| max.max(value.abs()));
    for (found, expected) in gradient.iter().zip(&expected) {
        assert!(
            (found - expected).abs() <= 1e-4 * largest,
            "{found} {expected}"
        );
    }
}

#[test]
fn cross_entropy() {
    check("ce", "logits", &CrossEntropy::default());
}

#[test]
fn cross_entropy_with_class_weights() {
    let weights = Golden::read("ce_class_weight").values("class_weight").0;
    check(
        "ce_class_weight",
        "logits",
        &CrossEntropy {
            class_weights: Some(weights),
        },
    );
}

#[test]
fn dice() {
    check("dice_monai_softmax_onehot", "logits", &Dice::default());
}

#[test]
fn dice_over_the_batch() {
    check(
        "dice_monai_batch",
        "logits",
        &Dice {
            batch: true,
            ..Dice::default()
        },
    );
}

#[test]
fn dice_without_background() {
    let loss = Dice {
        include_background: false,
        ..Dice::default()
    };
    check("dice_monai_no_background", "logits", &loss);
}

#[test]
fn dice_of_squares() {
    check(
        "dice_monai_squared",
        "logits",
        &Dice {
            squared: true,
            ..Dice::default()
        },
    );
}

#[test]
fn mean_squared_error() {
    check("mse", "pred", &Mse {});
}

#[test]
fn mean_absolute_error() {
    check("l1", "pred", &L1 {});
}

#[test]
fn cross_entropy_without_any_weight_is_zero() {
    let device = Device::flex();
    let scores = Tensor::<5>::ones([1, 2, 1, 2, 2], &device);
    let target = Tensor::<5>::zeros([1, 1, 1, 2, 2], &device);
    let loss = CrossEntropy {
        class_weights: Some(vec![0.0, 1.0]),
    };
    assert_eq!(loss.value(scores, &target).into_scalar::<f32>(), 0.0);
}
