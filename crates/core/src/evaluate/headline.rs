//! The scores that people look at first.

use crate::names::TargetKind;

/// The score that images are ranked by: `dice`, `ap50` or `psnr`.
pub fn headline(task: TargetKind) -> &'static str {
    match task {
        TargetKind::Semantic => "dice",
        TargetKind::Instance => "ap50",
        TargetKind::Image => "psnr",
    }
}

/// The scores that tables for people show; files have all.
pub fn main_columns(task: TargetKind) -> &'static [&'static str] {
    match task {
        TargetKind::Semantic => &["dice", "iou", "precision", "recall", "f1_macro", "accuracy"],
        TargetKind::Instance => &[
            "ap50",
            "ap70",
            "ap90",
            "f1",
            "pq",
            "mean_matched_iou",
            "dice",
            "target_objects",
            "predicted_objects",
        ],
        TargetKind::Image => &["psnr", "psnr_fitted", "ssim", "rmse", "nrmse", "pearson"],
    }
}
