//! The operations on one map against references in `f64`, in planar layout, on every instruction
//! set that this processor has.

mod activation;
mod channels;
mod gate;
mod linear;
mod max_pool;
mod norm;
mod softmax;
mod stack;
mod support;
mod threads;
