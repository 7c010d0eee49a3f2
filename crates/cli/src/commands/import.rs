//! `coverslip import`

use coverslip::{
    model::{
        import::{Imported, Request, Target, configure, import},
        package,
    },
    registry::Registry,
    weights::weights_file::Choice,
};
use coverslip_nets::weights::LoadReport;
use serde_json::{Value, json};

use crate::args::ImportArguments;
use crate::error::CliError;
use crate::printer::Printer;

/// Makes a model package from weights that another program trained.
pub(crate) fn run(
    arguments: &ImportArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let output = &arguments.output;
    if !arguments.force && output.join(package::DESCRIPTION).exists() {
        return Err(CliError::Exists {
            path: output.clone(),
        });
    }
    let target = Target {
        kind: arguments.target,
        is_3d: arguments.dimensions.map(|axes| axes == 3),
    };
    let (network, overrides) = (&arguments.network, &arguments.overrides);
    let config = configure(network, &arguments.file, target, overrides, registry)?;
    let request = Request {
        file: &arguments.file,
        choice: Choice {
            key: arguments.key.clone(),
            strip: arguments.strip.clone(),
        },
        config,
        in_channels: arguments.in_channels.map(usize::from),
        out_channels: arguments.out_channels.map(usize::from),
        is_partial: arguments.partial,
    };
    let imported = import(&request, registry)?;
    package::save(output, &imported.description, &imported.weights)?;
    printer.text(&describe(&imported));
    printer.text(&format!("model    {}", output.display()));
    let mut result = summary(&imported);
    result["model"] = json!(output);
    printer.result(&result);
    Ok(())
}

fn describe(imported: &Imported) -> String {
    let Imported {
        description,
        report,
        set_aside,
        ..
    } = imported;
    let mut lines = not_taken(report);
    let total = report.matched.len() + report.missing.len() + report.misshapen.len();
    let origin = description.training.started_from.as_ref();
    let part = |part: Option<&String>, what: &str| part.map(|part| format!(", {what} `{part}`"));
    let key = origin.and_then(|origin| part(origin.key.as_ref(), "under"));
    let strip = origin.and_then(|origin| part(origin.strip.as_ref(), "without their"));
    lines.push(format!(
        "taken    {} of {total} tensors{}{}",
        report.matched.len(),
        key.unwrap_or_default(),
        strip.unwrap_or_default()
    ));
    if !set_aside.is_empty() {
        lines.push(format!(
            "aside    {} other tensors of the file",
            set_aside.len()
        ));
    }
    let io = description.io;
    lines.push(format!(
        "network  {}, {}D, channels {} to {}",
        description.network.name, io.dimensions, io.in_channels, io.out_channels
    ));
    lines.join("\n")
}

/// A line for each tensor that was not taken.
fn not_taken(report: &LoadReport) -> Vec<String> {
    let missing = report.missing.iter();
    let missing = missing.map(|name| format!("first values  {name}: not in the file"));
    let misshapen = report.misshapen.iter().map(|tensor| {
        format!(
            "first values  {}: {:?} in the file, {:?} in the network",
            tensor.name, tensor.found, tensor.expected
        )
    });
    let unexpected = report.unexpected.iter();
    let unexpected = unexpected.map(|name| format!("not used      {name}: not in the network"));
    missing.chain(misshapen).chain(unexpected).collect()
}

fn summary(imported: &Imported) -> Value {
    let Imported {
        description,
        report,
        ..
    } = imported;
    let origin = description.training.started_from.as_ref();
    let misshapen = report.misshapen.iter().map(
        |tensor| json!({"name": tensor.name, "expected": tensor.expected, "found": tensor.found}),
    );
    json!({
        "network": description.network,
        "dimensions": description.io.dimensions,
        "in_channels": description.io.in_channels,
        "out_channels": description.io.out_channels,
        "key": origin.and_then(|origin| origin.key.as_ref()),
        "strip": origin.and_then(|origin| origin.strip.as_ref()),
        "sha256": origin.map(|origin| &origin.sha256),
        "taken": report.matched.len(),
        "missing": report.missing,
        "unexpected": report.unexpected,
        "misshapen": misshapen.collect::<Vec<_>>(),
        "set_aside": imported.set_aside,
    })
}
