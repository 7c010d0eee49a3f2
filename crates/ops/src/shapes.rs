//! Passes that give the shapes of maps without computing them.

use burn::{backend::DispatchDevice, tensor::Device};

thread_local! {
    /// Each of burn's capturing devices has a number of its own, of which there are few.
    static DEVICE: Device = Device::capture();
}

/// Calls `work` with a device on which operations give tensors that have a shape and no values, so that
/// a network of any size is passed through in no time and without memory. What is made on the device
/// is of use only within `work`, and its values cannot be read there either.
///
/// ```
/// use burn::tensor::Tensor;
/// use coverslip_ops::{ConvGeometry, FeatureMap, conv, with_shapes_only};
///
/// let shape = with_shapes_only(|device| {
///     let image = FeatureMap::from_tensor(Tensor::zeros([1, 512, 256, 1024, 1024], device));
///     let weight = Tensor::zeros([512, 512, 3, 3, 3], device);
///     conv(image, weight, None, ConvGeometry::UNIT).dims()
/// });
/// assert_eq!(shape, [1, 512, 254, 1022, 1022]);
/// ```
///
/// # Panics
///
/// When `work` calls this function again, or reads the values of a tensor of the device.
pub fn with_shapes_only<T>(work: impl FnOnce(&Device) -> T) -> T {
    let device = DEVICE.with(Clone::clone);
    let mut result = None;
    // The record of the operations is not needed, so neither is a reason why it has gaps.
    let _ = device.capture_scope(|scope| {
        result = Some(work(&device));
        scope.complete([], [])
    });
    result.expect("shapes are not computed within a pass for shapes")
}

/// Whether tensors of this device have shapes and no values.
pub fn has_shapes_only(device: &Device) -> bool {
    matches!(device.as_dispatch(), DispatchDevice::Capture(_))
}
