//! `coverslip coco`

use std::path::Path;

use coverslip::tools::coco::{
    PixelMeaning, Written, annotations_to_folder, labels_to_annotations_file,
};
use coverslip_algorithms::measure::coco::ToLabels;
use serde_json::json;

use crate::args::CocoArguments;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::Progress;

/// Makes label images of annotations, or annotations of label images: whichever of the two is no
/// `.json` is images.
pub(crate) fn run(arguments: &CocoArguments, printer: Printer) -> Result<(), CliError> {
    let (input, output) = (&arguments.input, &arguments.output);
    let monitor = Progress::new(printer);
    let written = match (is_json(input), is_json(output)) {
        (true, false) => {
            let options = ToLabels {
                overlap: arguments.overlap.into(),
            };
            let meaning = if arguments.classes {
                PixelMeaning::Class
            } else {
                PixelMeaning::Object
            };
            annotations_to_folder(input, output, &options, meaning, &monitor)?
        }
        (false, true) => {
            let category = &arguments.category;
            labels_to_annotations_file(input, output, category, arguments.runs, &monitor)?
        }
        (both, _) => return Err(CliError::CocoDirection { both }),
    };
    let Written { images, objects } = written;
    printer.text(&format!(
        "{}: {objects} objects of {images} images",
        output.display()
    ));
    printer.result(&json!({"output": output, "images": images, "objects": objects}));
    Ok(())
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
