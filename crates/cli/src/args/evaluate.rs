//! Arguments of `coverslip evaluate`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser;
use coverslip::{evaluate::DetectionRules, names::TargetKind};

use super::{choice::choice, files::size};

/// Arguments of `coverslip evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The folder of predictions; COCO results (.json) or a table of features (.csv, .npy)
    #[arg(long, value_name = "DIR")]
    pub prediction: PathBuf,
    /// The folder of targets with the same names; COCO annotations or a table of features
    #[arg(long, value_name = "DIR")]
    pub target: PathBuf,
    /// What is compared
    #[arg(long, value_parser = tasks())]
    pub task: Compared,
    /// Another folder of predictions: adds the paired differences of the first minus these
    #[arg(long, value_name = "DIR")]
    pub compare: Option<PathBuf>,
    /// The folder of input images, shown in the report
    #[arg(long, value_name = "DIR")]
    pub input: Option<PathBuf>,
    /// The folder for table, summary and report; left out, only the summary is printed
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Semantic: count every label above 0 as one class, e.g. to score label maps as masks
    #[arg(long)]
    pub foreground: bool,
    /// Instance: whose limits of sizes and numbers the average precision of detections has
    #[arg(long, value_parser = detections(), default_value = "coco")]
    pub detection: DetectionRules,
    /// Instance: add the simplified score of `MMV_Im2Im`, which counts matched objects only
    #[arg(long)]
    pub simplified_iou: bool,
    /// Image: distance between the lowest and highest possible intensity of the targets
    #[arg(long, value_name = "RANGE")]
    pub data_range: Option<f64>,
    /// Leave out targets without a prediction instead of refusing
    #[arg(long)]
    pub partial: bool,
    /// How much memory the images in work may take; larger ones are compared part by part
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "2GiB")]
    pub memory: u64,
}

/// What `coverslip evaluate` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Images of a kind of target.
    Images(TargetKind),
    /// Tables of features.
    Features,
}

impl Compared {
    fn word(self) -> &'static str {
        match self {
            Self::Images(kind) => kind.word(),
            Self::Features => "distribution",
        }
    }
}

fn tasks() -> impl TypedValueParser<Value = Compared> {
    let semantic = "Classes of pixels: Dice, `IoU`, precision, recall, F1, confusion matrix";
    let instance = "Objects: AP, F1, PQ, SBD, AJI, SEG, adapted Rand, VOI, COCO's AP";
    let image = "Intensities: PSNR, SSIM, RMSE, Pearson correlation";
    let features = "Tables of features: Frechet and kernel distance";
    choice(
        Compared::word,
        [
            (Compared::Images(TargetKind::Semantic), Some(semantic)),
            (Compared::Images(TargetKind::Instance), Some(instance)),
            (Compared::Images(TargetKind::Image), Some(image)),
            (Compared::Features, Some(features)),
        ],
    )
}

/// Whose rules the average precision of detections follows.
fn detections() -> impl TypedValueParser<Value = DetectionRules> {
    let coco = "100 detections an image, small and large from 32 and 96 pixels a side";
    let livecell = "2000 detections an image, small and large from 18 and 31 pixels a side";
    choice(
        DetectionRules::word,
        [
            (DetectionRules::Coco, Some(coco)),
            (DetectionRules::Livecell, Some(livecell)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        evaluate: EvaluateArguments,
    }

    fn parse(task: &str) -> Result<EvaluateArguments, clap::Error> {
        let line = ["x", "--prediction", "p", "--target", "t", "--task", task];
        Line::try_parse_from(line).map(|line| line.evaluate)
    }

    #[test]
    fn evaluate_knows_four_tasks() {
        let instance = Compared::Images(TargetKind::Instance);
        assert_eq!(parse("instance").unwrap().task, instance);
        assert_eq!(parse("distribution").unwrap().task, Compared::Features);
        assert!(parse("x").is_err());
        assert_eq!(parse("image").unwrap().detection, DetectionRules::Coco);
    }
}
