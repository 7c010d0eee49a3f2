//! `coverslip op`

use std::path::Path;

use coverslip::base::error::Error;
use coverslip::base::files::write_atomic;
use coverslip::config::Document;
use coverslip::steps::operation::{
    FailedOperation, OperationError, Product, Table, read_keypoints,
};
use coverslip::{
    names::{Kind, Named},
    registry::Registry,
};
use coverslip_image::Image;
use coverslip_image::format::{open_with, write_image};
use serde_json::{Map, Value, json};

use super::networks::options;
use crate::args::OpArguments;
use crate::error::CliError;
use crate::printer::Printer;

/// Lists the operations, describes one, or does one.
pub(crate) fn run(
    arguments: &OpArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let Some(name) = &arguments.name else {
        list(registry, printer);
        return Ok(());
    };
    let kind = &registry.operations.get(name).map_err(Error::from)?.build;
    let failed = |source| {
        let name = name.clone();
        Error::from(FailedOperation { name, source })
    };
    let mut named = Named {
        name: name.clone(),
        options: changed(&arguments.overrides)?,
    };
    let images = read(arguments, &mut named, registry)?;
    let operation = (kind.build)(&named)?;
    let Some(output) = &arguments.output else {
        if !arguments.inputs.is_empty() {
            return Err(CliError::NoOutput);
        }
        describe(name, kind.inputs, registry, printer);
        return Ok(());
    };
    match operation(&images).map_err(failed)? {
        Product::Image(image) => {
            write_image(output, &image).map_err(Error::from)?;
            printer.text(&format!(
                "{}: {} {:?} {}",
                output.display(),
                image.axes(),
                image.shape(),
                image.dtype()
            ));
            printer.result(&json!({
                "output": output,
                "axes": image.axes().to_string(),
                "shape": image.shape(),
                "dtype": image.dtype().name(),
            }));
        }
        Product::Table(table) => {
            write_table(output, &table)?;
            printer.text(&format!("{}: {} rows", output.display(), table.rows.len()));
            printer.result(&json!({"output": output, "rows": table.rows.len()}));
        }
        Product::Keypoints {
            bytes,
            points,
            pixels,
        } => {
            write_atomic(output, &bytes).map_err(Error::from)?;
            let bits = 8.0 * bytes.len() as f64;
            printer.text(&format!(
                "{}: {points} key points of {pixels} pixels, {} bytes, {:.2} bits a point",
                output.display(),
                bytes.len(),
                bits / points.max(1) as f64
            ));
            printer.result(&json!({
                "output": output,
                "points": points,
                "pixels": pixels,
                "bytes": bytes.len(),
            }));
        }
    }
    Ok(())
}

/// Reads the inputs of an operation that is to be done. A file of key points says which kernel an
/// image is made of them with, unless the user does.
fn read(
    arguments: &OpArguments,
    named: &mut Named,
    registry: &Registry,
) -> Result<Vec<Image>, CliError> {
    if arguments.output.is_none() {
        return Ok(Vec::new());
    }
    let takes_kernel = registry
        .description(Kind::Operation, &named.name)
        .is_some_and(|entry| entry.schema.pointer("/properties/kernel").is_some());
    let mut images = Vec::new();
    for path in &arguments.inputs {
        let is_keypoints = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("cskp"));
        if !is_keypoints {
            let source = open_with(path, &arguments.open.options());
            let image = source.and_then(|source| source.read());
            images.push(image.map_err(Error::from)?);
            continue;
        }
        let stored = read_keypoints(path).map_err(|error| match error {
            OperationError::Image(error) => Error::from(error),
            source => Error::from(FailedOperation {
                name: named.name.clone(),
                source,
            }),
        })?;
        images.push(stored.mask);
        let options = named.options.as_object_mut();
        if let (Some(kernel), Some(options), true) = (stored.kernel, options, takes_kernel) {
            options.entry("kernel").or_insert_with(|| json!(kernel));
        }
    }
    Ok(images)
}

fn list(registry: &Registry, printer: Printer) {
    let operations = registry.operations.descriptions();
    let width = operations
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    for entry in &operations {
        printer.text(&format!("{:width$}  {}", entry.name, entry.summary));
    }
    let rows = operations
        .iter()
        .map(|entry| json!({"name": entry.name, "summary": entry.summary}));
    printer.result(&json!({"operations": rows.collect::<Vec<_>>()}));
}

fn describe(name: &str, inputs: &[&str], registry: &Registry, printer: Printer) {
    let Some(description) = registry.description(Kind::Operation, name) else {
        return;
    };
    printer.text(&format!("{name} works on: {}", inputs.join(", ")));
    printer.text(&options(description));
    printer.result(&json!({
        "name": name,
        "summary": description.summary,
        "inputs": inputs,
        "options": description.schema,
    }));
}

/// Options from `key=value` texts, keys with dots between, values in YAML.
fn changed(overrides: &[String]) -> Result<Value, CliError> {
    let mut options = Value::Object(Map::new());
    for text in overrides {
        let fault = |problem: String| CliError::Option {
            text: text.clone(),
            problem,
        };
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| fault("expected KEY=VALUE".to_owned()))?;
        let document = Document::parse_bytes("--set", format!("value: {value}").as_bytes())
            .map_err(|error| fault(error.to_string()))?;
        if let Some(error) = document.faults().first() {
            return Err(fault(error.to_string()));
        }
        let value = document
            .value()
            .get("value")
            .cloned()
            .unwrap_or(Value::Null);
        let mut place = &mut options;
        for part in key.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[part];
        }
        *place = value;
    }
    Ok(options)
}

fn write_table(path: &Path, table: &Table) -> Result<(), CliError> {
    let mut text = table.columns.join(",") + "\n";
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    Ok(write_atomic(path, text.as_bytes()).map_err(Error::from)?)
}
