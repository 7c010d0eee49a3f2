//! Coverslip: train and apply image-to-image networks on microscopy images.
