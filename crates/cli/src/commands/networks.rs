//! `coverslip networks`

use std::path::Path;

use coverslip::{
    base::{
        error::Error,
        files::{create_folder, write_atomic},
    },
    config::Config,
    inspect::{
        networks::{Layout, lay_out},
        speed::{self, StepTimes},
    },
    names::{Description, Kind, Named},
    registry::Registry,
};
use coverslip_nets::NetworkIo;
use serde_json::{Value, json};

use super::info::bytes;
use crate::{args::NetworksArguments, error::CliError, printer::Printer, progress::Progress};

/// The patch that memory is given for when none is asked for, `[Z, Y, X]`, of planes and of stacks.
const PATCHES: [[usize; 3]; 2] = [[1, 256, 256], [32, 128, 128]];

/// The batch, channels and sections of an input when none is asked for; the size is then the network's.
const PLANE: [usize; 5] = [1, 1, 1, 0, 0];

/// Lists all networks, describes one, or draws them.
pub(crate) fn run(
    arguments: &NetworksArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let input = arguments.input.map(|input| input.0);
    match (&arguments.name, &arguments.diagram) {
        (Some(name), _) => describe(name, input, arguments, registry, printer),
        (None, Some(folder)) => draw_all(folder, input, arguments, registry, printer),
        (None, None) => {
            list(input, arguments, registry, printer);
            Ok(())
        }
    }
}

/// Draws every network into a file of its name. One that does not take the input is drawn on the size
/// that it takes.
fn draw_all(
    folder: &Path,
    input: Option<[usize; 5]>,
    arguments: &NetworksArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    create_folder(folder).map_err(Error::from)?;
    let io = io(input.unwrap_or(PLANE), usize::from(arguments.out_channels));
    let mut files = Vec::new();
    for name in registry.networks.names() {
        let network = Named::new(name);
        let layout = match lay_out(registry, &network, io, input) {
            Ok(layout) => layout,
            Err(_) => lay_out(registry, &network, io, None)?,
        };
        let file = folder.join(format!("{name}.svg"));
        draw(&layout, name, &file, printer)?;
        files.push(file);
    }
    printer.result(&json!({"files": files}));
    Ok(())
}

fn draw(layout: &Layout, name: &str, file: &Path, printer: Printer) -> Result<(), CliError> {
    write_atomic(file, layout.diagram(name).as_bytes()).map_err(Error::from)?;
    printer.note(&format!("wrote `{}`", file.display()));
    Ok(())
}

fn io(input: [usize; 5], out_channels: usize) -> NetworkIo {
    NetworkIo {
        in_channels: input[1],
        out_channels,
        dimensions: if input[2] == 1 { 2 } else { 3 },
    }
}

/// What a listing says of a network for planes or for stacks.
struct Figures {
    parameters: u64,
    training_bytes: u64,
}

/// Lays a network out on a small patch and scales what it keeps up to `patch`; `None` for one that is not
/// made for such images.
fn figures(
    name: &str,
    patch: [usize; 5],
    out_channels: usize,
    registry: &Registry,
) -> Option<Figures> {
    let layout = lay_out(registry, &Named::new(name), io(patch, out_channels), None).ok()?;
    let pixels = |sizes: [usize; 5]| (sizes[0] * sizes[2] * sizes[3] * sizes[4]) as f64;
    // A network of one size is as large as it is.
    let scale = match layout.sizes.fixed {
        Some(_) => 1.0,
        None => pixels(patch) / pixels(layout.input),
    };
    let activations = layout.activation_bytes();
    let fixed = layout.training_bytes() - activations;
    Some(Figures {
        parameters: layout.parameters,
        training_bytes: fixed + (activations as f64 * scale) as u64,
    })
}

fn list(
    input: Option<[usize; 5]>,
    arguments: &NetworksArguments,
    registry: &Registry,
    printer: Printer,
) {
    let patches: Vec<[usize; 5]> = match input {
        Some(input) => vec![input],
        None => PATCHES.map(|[z, y, x]| [1, 1, z, y, x]).into(),
    };
    let mut rows = vec![header(&patches)];
    let mut entries = Vec::new();
    for description in registry.descriptions(Kind::Network) {
        let name = description.name.as_str();
        let found: Vec<Option<Figures>> = patches
            .iter()
            .map(|&patch| figures(name, patch, usize::from(arguments.out_channels), registry))
            .collect();
        let mut row = vec![name.to_owned()];
        for figures in &found {
            row.push(
                figures
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), |one| millions(one.parameters)),
            );
            row.push(figures.as_ref().map_or_else(
                || "-".to_owned(),
                |one| bytes(u128::from(one.training_bytes)),
            ));
        }
        row.push(description.summary.clone());
        rows.push(row);
        let patches = patches.iter().zip(&found).map(|(patch, figures)| {
            json!({
                "input": patch,
                "parameters": figures.as_ref().map(|one| one.parameters),
                "training_bytes": figures.as_ref().map(|one| one.training_bytes),
            })
        });
        entries.push(json!({
            "name": name,
            "summary": description.summary,
            "options": description.schema["properties"],
            "patches": patches.collect::<Vec<_>>(),
        }));
    }
    printer.text(&if arguments.markdown {
        markdown(&rows)
    } else {
        aligned(&rows)
    });
    printer.result(&json!({"networks": entries}));
}

fn header(patches: &[[usize; 5]]) -> Vec<String> {
    let mut row = vec!["network".to_owned()];
    for patch in patches {
        let [n, c, z, y, x] = patch;
        let size = if *z == 1 {
            format!("{n} x {c} x {y} x {x}")
        } else {
            format!("{n} x {c} x {z} x {y} x {x}")
        };
        row.push("parameters".to_owned());
        row.push(format!("training {size}"));
    }
    row.push("what it is".to_owned());
    row
}

fn describe(
    name: &str,
    input: Option<[usize; 5]>,
    arguments: &NetworksArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<(), CliError> {
    let description = registry.description(Kind::Network, name);
    let network = configured(name, &arguments.overrides, registry)?;
    let shape = input.unwrap_or(PLANE);
    let layout = lay_out(
        registry,
        &network,
        io(shape, usize::from(arguments.out_channels)),
        input,
    )?;
    if let Some(file) = &arguments.diagram {
        draw(&layout, name, file, printer)?;
    }
    if arguments.summary {
        printer.text(&layers(&layout, arguments.markdown));
    } else if let (None, Some(description)) = (&arguments.diagram, description) {
        printer.text(&options(description));
    }
    let [n, c, z, y, x] = layout.input;
    printer.text(&format!(
        "{} parameters; takes {}; a training step on {n} x {c} x {z} x {y} x {x} keeps about {}",
        grouped(layout.parameters),
        layout.sizes,
        bytes(u128::from(layout.training_bytes())),
    ));
    let steps = time(&network, &layout, arguments, registry, printer)?;
    let rows = layout.layers.iter().map(|layer| {
        json!({
            "name": layer.name,
            "kind": layer.kind,
            "shape": layer.shape,
            "parameters": layer.parameters,
        })
    });
    printer.result(&json!({
        "name": name,
        "options": network.options,
        "parameters": layout.parameters,
        "input": layout.input,
        "outputs": layout.outputs.iter().map(|(name, shape)| json!({"name": name, "shape": shape}))
            .collect::<Vec<_>>(),
        "training_bytes": layout.training_bytes(),
        "train_step_s": best(&steps.seconds),
        "seconds": steps.seconds,
        "processor_seconds": steps.processor_seconds,
        "peak_rss_bytes": speed::peak_memory(),
        "layers": rows.collect::<Vec<_>>(),
    }));
    Ok(())
}

/// The times of training steps, if they are asked for.
fn time(
    network: &Named,
    layout: &Layout,
    arguments: &NetworksArguments,
    registry: &Registry,
    printer: Printer,
) -> Result<StepTimes, CliError> {
    if !arguments.time {
        return Ok(StepTimes::default());
    }
    let io = io(layout.input, usize::from(arguments.out_channels));
    let progress = Progress::new(printer);
    let runs = arguments.runs as usize;
    let times = speed::time_training(network, io, layout.input, runs, registry, &progress)?;
    if let Some(best) = best(&times.seconds) {
        printer.text(&format!(
            "training step: best {best:.3} s of {runs} on {} threads",
            rayon::current_num_threads()
        ));
    }
    Ok(times)
}

fn best(seconds: &[f64]) -> Option<f64> {
    seconds.iter().copied().reduce(f64::min)
}

/// The network with options checked as those of a config are.
fn configured(name: &str, overrides: &[String], registry: &Registry) -> Result<Named, CliError> {
    let text = format!(
        "data: {{train: {{source: images, target: images}}, target_kind: image}}\n\
         network: {{{name}: {{}}}}\nloss: [mse]\n"
    );
    let overrides: Vec<String> = overrides
        .iter()
        .map(|change| format!("network.{name}.{change}"))
        .collect();
    let config = Config::from_text("command line", &text, Path::new(""), &overrides, registry);
    Ok(config.map_err(Error::from)?.settings.network)
}

pub(super) fn options(description: &Description) -> String {
    let mut lines = vec![format!("{}: {}", description.name, description.summary)];
    let properties = description.schema["properties"].as_object();
    for (name, option) in properties.into_iter().flatten() {
        let default = match &option["default"] {
            Value::Null => "none".to_owned(),
            other => other.to_string(),
        };
        let text = option["description"]
            .as_str()
            .unwrap_or_default()
            .replace('\n', " ");
        lines.push(format!("  {name} = {default}\n      {text}"));
    }
    lines.join("\n")
}

fn layers(layout: &Layout, is_markdown: bool) -> String {
    let mut rows = vec![
        ["layer", "kind", "output", "parameters"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for layer in &layout.layers {
        let sizes: Vec<String> = layer.shape.iter().map(usize::to_string).collect();
        rows.push(vec![
            layer.name.clone(),
            layer.kind.to_owned(),
            sizes.join(" x "),
            grouped(layer.parameters),
        ]);
    }
    if is_markdown {
        markdown(&rows)
    } else {
        aligned(&rows)
    }
}

/// A table of columns as wide as their widest entry.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn markdown(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let columns = rows.first().map_or(0, Vec::len);
    lines.insert(1, format!("|{}", "---|".repeat(columns)));
    lines.join("\n")
}

fn millions(count: u64) -> String {
    if count < 100_000 {
        grouped(count)
    } else {
        format!("{:.2} M", count as f64 / 1e6)
    }
}

/// A number with spaces between thousands.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut result = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            result.push(' ');
        }
        result.push(digit);
    }
    result
}
