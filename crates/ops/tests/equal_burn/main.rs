//! Every operation against the same computation in burn's own operations, values and gradients.

mod conv;
mod elementwise;
mod layout;
mod normalization;
mod pooling;
mod resample;
mod stack;
mod support;
mod threads;
