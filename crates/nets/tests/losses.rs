//! What losses promise beside the values of their references, which `coverslip` compares with.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use burn::tensor::{Device, Distribution, Tensor};
use coverslip_nets::{
    Loss,
    loss::{
        Alpha, BinaryCrossEntropy, CoordinateGrid, CrossEntropy, Dice, EmbeddingTarget, Focal,
        FocalForm, GeneralizedDice, Heteroscedastic, Huber, L1, LovaszHinge, LovaszSoftmax, MsSsim,
        Mse, SmoothL1, SpatialEmbedding, SpatialEmbeddingOptions, Ssim, Target, Tversky,
        keypoints::{Budget, Shape, SpreadKernel},
    },
};

const CLASSES: usize = 3;

fn of_classes() -> Vec<(&'static str, Box<dyn Loss>)> {
    vec![
        ("cross entropy", Box::new(CrossEntropy::default())),
        (
            "smoothed cross entropy",
            Box::new(CrossEntropy {
                class_weights: Some(vec![0.5, 1.0, 2.0]),
                label_smoothing: 0.1,
                ..CrossEntropy::default()
            }),
        ),
        (
            "binary cross entropy",
            Box::new(BinaryCrossEntropy::default()),
        ),
        ("Dice", Box::new(Dice::default())),
        (
            "pooled Jaccard",
            Box::new(Dice {
                squared: true,
                jaccard: true,
                batch: true,
                pool_classes: true,
                ..Dice::default()
            }),
        ),
        ("generalised Dice", Box::new(GeneralizedDice::default())),
        ("Tversky", Box::new(Tversky::default())),
        ("focal", Box::new(Focal::default())),
        (
            "focal of the soft-max",
            Box::new(Focal {
                form: FocalForm::Softmax,
                alpha: Some(Alpha::One(0.3)),
                ..Focal::default()
            }),
        ),
        ("Lovász softmax", Box::new(LovaszSoftmax::default())),
        ("Lovász hinge", Box::new(LovaszHinge::default())),
    ]
}

fn of_images() -> Vec<(&'static str, Box<dyn Loss>)> {
    vec![
        ("MSE", Box::new(Mse::default())),
        ("L1", Box::new(L1::default())),
        ("smooth L1", Box::new(SmoothL1::default())),
        ("Huber", Box::new(Huber::default())),
        ("heteroscedastic", Box::new(Heteroscedastic::default())),
        (
            "SSIM",
            Box::new(Ssim {
                window: 5,
                ..Ssim::default()
            }),
        ),
        (
            "MS-SSIM",
            Box::new(MsSsim {
                weights: vec![0.5, 0.5],
                window: 3,
                ..MsSsim::default()
            }),
        ),
    ]
}

fn random(shape: [usize; 5], seed: u64) -> Tensor<5> {
    let device = Device::flex();
    device.seed(seed);
    Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &device)
}

/// Class numbers where the draws are split into equal parts.
fn classes(shape: [usize; 5], seed: u64) -> Tensor<5> {
    random(shape, seed)
        .mul_scalar(CLASSES as f64 - 0.01)
        .floor()
}

/// A weight of 0 in the left third.
fn left_out(shape: [usize; 5]) -> Tensor<5> {
    let [n, _, z, y, x] = shape;
    let device = Device::flex();
    let out = Tensor::zeros([n, 1, z, y, x / 3], &device);
    let kept = Tensor::ones([n, 1, z, y, x - x / 3], &device);
    Tensor::cat(vec![out, kept], 4)
}

/// The value of a loss and its gradient.
fn evaluate(loss: &dyn Loss, output: &Tensor<5>, target: &Target) -> (f32, Vec<f32>) {
    let leaf = Tensor::from_inner(output.clone()).require_grad();
    let tracked = Target {
        values: Tensor::from_inner(target.values.clone()),
        weight: target.weight.clone().map(Tensor::from_inner),
    };
    let value = loss.value(leaf.clone(), &tracked);
    let gradients = value.backward();
    let gradient = leaf.grad(&gradients).unwrap().into_data();
    (value.into_scalar::<f32>(), gradient.iter::<f32>().collect())
}

/// Output and target of a loss.
fn example(loss: &dyn Loss, is_class: bool, shape: [usize; 5]) -> (Tensor<5>, Tensor<5>) {
    let [n, c, z, y, x] = shape;
    let output = random([n, loss.output_channels(c), z, y, x], 1);
    let target = if is_class {
        classes([n, 1, z, y, x], 2)
    } else {
        // Alike, or the multi-scale similarity is cut off at 0 and has no gradient.
        let first = output.clone().narrow(1, 0, c);
        first.mul_scalar(0.7) + random(shape, 2).mul_scalar(0.3)
    };
    (output, target)
}

fn all() -> Vec<(&'static str, Box<dyn Loss>, bool)> {
    let classes = of_classes()
        .into_iter()
        .map(|(name, loss)| (name, loss, true));
    let images = of_images()
        .into_iter()
        .map(|(name, loss)| (name, loss, false));
    classes.chain(images).collect()
}

#[test]
fn pixels_of_weight_zero_change_nothing_and_learn_nothing() {
    for shape in [[2, CLASSES, 1, 12, 15], [1, CLASSES, 6, 10, 9]] {
        for (name, loss, is_class) in all() {
            let (output, target) = example(&*loss, is_class, shape);
            let weight = left_out(shape);
            let is_out = weight.clone().equal_scalar(0.0);
            let target = Target::new(target).with_weight(weight);
            let (value, gradient) = evaluate(&*loss, &output, &target);

            let channels = output.dims()[1];
            let at = |channels: usize| {
                is_out
                    .clone()
                    .expand([shape[0], channels, shape[2], shape[3], shape[4]])
            };
            let changed = output.clone().mask_fill(at(channels), 0.7);
            let other = Target {
                values: target
                    .values
                    .clone()
                    .mask_fill(at(target.values.dims()[1]), 1.0),
                ..target.clone()
            };
            let (again, _) = evaluate(&*loss, &changed, &other);
            assert!(
                (value - again).abs() <= 2e-6 * value.abs().max(1.0),
                "{name}: {value} became {again}"
            );
            let outside = at(channels).into_data();
            for (gradient, is_out) in gradient.iter().zip(outside.iter::<bool>()) {
                assert!(!is_out || *gradient == 0.0, "{name}: {gradient}");
            }
            assert!(gradient.iter().any(|gradient| *gradient != 0.0), "{name}");
        }
    }
}

#[test]
fn equal_weights_are_no_weights() {
    let shape = [2, CLASSES, 1, 12, 15];
    for (name, loss, is_class) in all() {
        let (output, target) = example(&*loss, is_class, shape);
        let (plain, _) = evaluate(&*loss, &output, &Target::new(target.clone()));
        let weight = Tensor::ones([2, 1, 1, 12, 15], &Device::flex());
        let (weighed, _) = evaluate(&*loss, &output, &Target::new(target).with_weight(weight));
        assert!((plain - weighed).abs() <= 2e-6, "{name}: {plain} {weighed}");
    }
}

#[test]
fn nothing_that_counts_gives_finite_losses_and_gradients() {
    let shape = [2, CLASSES, 1, 12, 15];
    for (name, loss, is_class) in all() {
        let (output, target) = example(&*loss, is_class, shape);
        let weight = Tensor::zeros([2, 1, 1, 12, 15], &Device::flex());
        let (value, gradient) = evaluate(&*loss, &output, &Target::new(target).with_weight(weight));
        assert!(value.is_finite(), "{name}: {value}");
        assert!(gradient.iter().all(|gradient| *gradient == 0.0), "{name}");
    }
}

#[test]
fn sure_scores_give_finite_losses_and_gradients() {
    let shape = [2, CLASSES, 1, 12, 15];
    for (name, loss) in of_classes() {
        let (output, target) = example(&*loss, true, shape);
        for size in [200.0, -200.0] {
            let sure = output.clone().sub_scalar(0.5).mul_scalar(size);
            let (value, gradient) = evaluate(&*loss, &sure, &Target::new(target.clone()));
            assert!(value.is_finite(), "{name}: {value}");
            assert!(
                gradient.iter().all(|gradient| gradient.is_finite()),
                "{name}"
            );
        }
    }
}

#[test]
fn pixels_of_an_ignored_number_do_not_count() {
    let scores = random([1, 2, 1, 4, 4], 3);
    let labels = classes([1, 1, 1, 4, 4], 4);
    let loss = CrossEntropy::default();
    let (by_number, _) = evaluate(&loss, &scores, &Target::new(labels.clone()).ignoring(2.0));
    let counts = labels.clone().not_equal_scalar(2.0).float();
    let (by_weight, _) = evaluate(&loss, &scores, &Target::new(labels).with_weight(counts));
    assert_eq!(by_number, by_weight);
}

#[test]
fn the_embedding_loss_has_the_slope_of_its_value() {
    let shape = [2, 5, 1, 9, 11];
    let prediction = random(shape, 5).sub_scalar(0.5);
    let instances = classes([2, 1, 1, 9, 11], 6);
    let target = EmbeddingTarget {
        labels: instances.clone(),
        centers: Tensor::zeros([2, 1, 1, 9, 11], &Device::flex()),
        weight: None,
        instances,
    };
    // Without variance and seediness, which hold a part of themselves fixed.
    let loss = SpatialEmbedding {
        grid: CoordinateGrid::spaced(16, 1.0),
        options: SpatialEmbeddingOptions {
            variance_weight: 0.0,
            seed_weight: 0.0,
            ..SpatialEmbeddingOptions::default()
        },
    };
    let value =
        |prediction: Tensor<5>| f64::from(loss.value(prediction, &target).into_scalar::<f32>());
    let leaf = Tensor::from_inner(prediction.clone()).require_grad();
    let tracked = EmbeddingTarget {
        instances: Tensor::from_inner(target.instances.clone()),
        labels: Tensor::from_inner(target.labels.clone()),
        centers: Tensor::from_inner(target.centers.clone()),
        weight: None,
    };
    let gradients = loss.value(leaf.clone(), &tracked).backward();
    let gradient = leaf.grad(&gradients).unwrap();
    let direction = random(shape, 7).sub_scalar(0.5);
    let expected = (gradient * direction.clone()).sum().into_scalar::<f32>();
    // Wide enough that the rounding of the value does not show in the difference.
    let step = 1e-2;
    let ahead = value(prediction.clone() + direction.clone().mul_scalar(step));
    let behind = value(prediction - direction.mul_scalar(step));
    let found = (ahead - behind) / (2.0 * step);
    assert!(
        (found - f64::from(expected)).abs() < 0.02 * found.abs(),
        "{found} {expected}"
    );
}

#[test]
fn a_budget_counts_points_and_stops_at_its_number() {
    let scores = Tensor::<5>::full([1, 1, 1, 4, 5], -9.0, &Device::flex());
    let is_point = Tensor::<5>::zeros([1, 1, 1, 4, 2], &Device::flex());
    let scores = scores.slice_assign([0..1, 0..1, 0..1, 0..4, 0..2], is_point);
    let budget = Budget {
        points: 5.0,
        ..Budget::default()
    };
    assert_eq!(budget.value(scores.clone(), None).into_scalar::<f32>(), 3.0);
    let relative = Budget {
        relative: true,
        ..budget
    };
    assert!((relative.value(scores.clone(), None).into_scalar::<f32>() - 0.6).abs() < 1e-6);
    let near = Budget {
        points: 7.0,
        tolerance: 2.0,
        ..budget
    };
    assert!((near.value(scores, None).into_scalar::<f32>() - 0.25).abs() < 1e-6);
}

#[test]
fn an_image_drawn_from_its_own_points_has_no_loss() {
    for kernel in [
        SpreadKernel::Gaussian,
        SpreadKernel::Mean,
        SpreadKernel::Airy { radius: 2.0 },
    ] {
        let shape = Shape {
            kernel,
            ..Shape::default()
        };
        let scores = one_point();
        let empty = Target::new(Tensor::zeros([1, 1, 1, 7, 7], &Device::flex()));
        let loss = shape.value(scores.clone(), &empty).into_scalar::<f32>();
        assert!(loss > 0.01, "{loss}");
        let picture = shape.draw(scores);
        let brightest = picture.clone().max().into_scalar::<f32>();
        assert!((brightest - 1.0).abs() < 1e-6, "{brightest}");
        let drawn = Target::new(picture);
        let loss = shape.value(one_point(), &drawn).into_scalar::<f32>();
        assert!(loss.abs() < 1e-6, "{loss}");
    }
}

/// Scores of a key point in the middle.
fn one_point() -> Tensor<5> {
    let mut points = vec![-9.0f32; 49];
    points[24] = 9.0;
    let data = burn::tensor::TensorData::new(points, [1, 1, 1, 7, 7]);
    Tensor::from_data(data, &Device::flex())
}
