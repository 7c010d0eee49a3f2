//! `coverslip export`

use coverslip::{
    base::{error::Error, files::write_atomic},
    model::export::{Naming, export},
    registry::Registry,
    weights::state_dict::to_bytes,
};
use serde_json::json;

use crate::args::{ExportArguments, FormatName};
use crate::error::CliError;
use crate::printer::Printer;

/// Writes the weights of a model package as its network's reference has them.
pub(crate) fn run(
    arguments: &ExportArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let FormatName::Safetensors = arguments.format;
    let output = &arguments.output;
    if !arguments.force && output.exists() {
        return Err(CliError::Exists {
            path: output.clone(),
        });
    }
    let (weights, naming) = export(&arguments.model, arguments.names, registry)?;
    // Readers of PyTorch's look for this entry.
    let metadata = (naming == Naming::Torch).then(|| ("format", "pt".to_owned()));
    let bytes = to_bytes(&weights, metadata).map_err(|error| Error::bug(error.to_string()))?;
    write_atomic(output, &bytes).map_err(Error::from)?;
    printer.text(&format!(
        "{} tensors with {} names in {}",
        weights.len(),
        naming.word(),
        output.display()
    ));
    printer.result(&json!({
        "file": output,
        "names": naming.word(),
        "tensors": weights.len(),
        "bytes": bytes.len(),
    }));
    Ok(())
}
