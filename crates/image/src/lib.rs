//! Microscopy images: axes, formats, classical algorithms and metrics.
