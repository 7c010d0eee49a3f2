//! The speed of convolutions in GFLOP/s, and the share that this is of what the processor can do:
//!
//! `cargo run --release -p coverslip-kernels --example conv_speed -- [OPTION]... [CASE]...`
//!
//! - `--list`: print the cases as JSON and stop
//! - `--json`: print one JSON object
//! - `--threads N`: on this many threads; 1 without it
//! - `--seconds S`: for each measurement, of which the fastest run counts; 0.15 without it
//! - `--processor-time`: count the time that the threads had a processor, divided by their number, and
//!   not the time that went by; for a machine that others use too
//!
//! A case is named in full. Winograd's operations are those of the direct convolution that it
//! replaces, and its peak is four times that of the processor, by the multiplications that it saves.

#![expect(clippy::print_stdout, reason = "what the program is for")]

mod cases;
mod clock;
mod peak;

use std::time::Instant;

use cases::Case;
use clock::Clock;
use coverslip_kernels::{
    Buffer, ConvShape, Epilogue, Extent, Isa, LANES, Map, Source, blocks, direct, winograd,
};

/// As the command line has it: with the system's allocator every large output is fresh memory, whose
/// first touch costs more than a convolution of few channels.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Multiplications of a direct convolution for one of F(4 x 4, 3 x 3): 144 / 36.
const SAVED_BY_WINOGRAD: f64 = 4.0;

fn map_of(extent: Extent, channels: usize) -> Buffer {
    let len = if channels < LANES {
        extent.n * channels * extent.pixels()
    } else {
        extent.blocked_len(blocks(channels))
    };
    let mut map = Buffer::zeros(len);
    for (index, value) in map.as_mut_slice().iter_mut().enumerate() {
        *value = (index * 7919 % 1000) as f32 / 500.0 - 1.0;
    }
    map
}

fn with_map<R>(
    values: &Buffer,
    channels: usize,
    work: impl FnOnce(Map<'_>, &[Source<'_>]) -> R,
) -> R {
    if channels < LANES {
        return work(Map::Planar(values.as_slice()), &[]);
    }
    let sources = [Source {
        values: values.as_slice(),
        blocks: blocks(channels),
    }];
    work(Map::Blocked(&sources), &sources)
}

/// The seconds of the fastest run.
fn fastest(clock: Clock, seconds: f64, mut work: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    let mut runs = 0;
    // The first runs find fresh memory.
    while begin.elapsed().as_secs_f64() < seconds || runs < 4 {
        runs += 1;
        best = best.min(clock.time(&mut work));
    }
    best
}

/// The operations of each pass of a convolution.
fn operations(shape: &ConvShape) -> f64 {
    let taps: usize = shape.kernel.iter().product();
    let products = shape.out_channels * shape.in_channels / shape.groups * taps;
    2.0 * (shape.output.n * shape.output.pixels() * products) as f64
}

/// GFLOP/s forward, of the gradient of the input and of that of the weights.
fn speeds(isa: Isa, case: &Case, clock: Clock, seconds: f64) -> [f64; 3] {
    let shape = &case.shape;
    let input = map_of(shape.input, shape.in_channels);
    let gradient = map_of(shape.output, shape.out_channels);
    let taps: usize = shape.kernel.iter().product();
    let weight = vec![0.01; shape.out_channels * shape.in_channels / shape.groups * taps];
    let to = [blocks(shape.in_channels)];
    let none = Epilogue::default();
    let times = with_map(&input, shape.in_channels, |input, sources| {
        with_map(&gradient, shape.out_channels, |gradient, gradients| {
            if case.is_winograd {
                return [
                    fastest(clock, seconds, || {
                        winograd::conv(isa, sources, &weight, none, shape, true);
                    }),
                    fastest(clock, seconds, || {
                        winograd::conv_input_gradient(isa, gradients, &weight, shape, &to);
                    }),
                    fastest(clock, seconds, || {
                        winograd::conv_weight_gradient(isa, sources, gradients, shape);
                    }),
                ];
            }
            [
                fastest(clock, seconds, || {
                    direct::conv(isa, input, &weight, none, shape);
                }),
                fastest(clock, seconds, || {
                    direct::conv_input_gradient(isa, gradient, &weight, none, shape, &to);
                }),
                fastest(clock, seconds, || {
                    direct::conv_weight_gradient(isa, input, gradient, shape);
                }),
            ]
        })
    });
    times.map(|time| operations(shape) / time / 1e9)
}

/// A case as JSON, with its speeds where they were measured.
fn json(case: &Case, found: Option<[f64; 3]>) -> String {
    let shape = &case.shape;
    let speeds = found.map_or(String::new(), |speeds| format!(", \"gflops\": {speeds:?}"));
    format!(
        "{{\"name\": \"{}\", \"winograd\": {}, \"n\": {}, \"channels\": [{}, {}], \"size\": {:?}, \
         \"kernel\": {:?}, \"stride\": {:?}, \"padding\": {:?}, \"groups\": {}, \
         \"operations\": {:e}{speeds}}}",
        case.name,
        case.is_winograd,
        shape.input.n,
        shape.in_channels,
        shape.out_channels,
        shape.input.size,
        shape.kernel,
        shape.stride,
        shape.padding,
        shape.groups,
        operations(shape),
    )
}

fn main() {
    let (mut is_json, mut is_list, mut threads, mut seconds) = (false, false, 1, 0.15);
    let mut is_processor_time = false;
    let mut wanted = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || -> f64 {
            let text = arguments.next().unwrap_or_default();
            text.parse().expect("a number after the option")
        };
        match argument.as_str() {
            "--json" => is_json = true,
            "--list" => is_list = true,
            "--processor-time" => is_processor_time = true,
            "--threads" => threads = number() as usize,
            "--seconds" => seconds = number(),
            _ => wanted.push(argument),
        }
    }
    let mut cases = cases::all();
    if !wanted.is_empty() {
        cases.retain(|case| wanted.contains(&case.name));
    }
    let list = |found: &[Option<[f64; 3]>]| {
        let pairs = cases.iter().zip(found);
        let lines: Vec<String> = pairs.map(|(case, &found)| json(case, found)).collect();
        lines.join(",\n")
    };
    if is_list {
        println!("[{}]", list(&vec![None; cases.len()]));
        return;
    }
    let isa = Isa::best();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a pool of threads");
    let clock = if is_processor_time {
        Clock::Processor { threads }
    } else {
        Clock::Wall
    };
    let peak = peak::gflops(isa);
    if !is_json {
        println!(
            "{}, {threads} thread(s), peak of one {peak:.0} GFLOP/s",
            isa.name()
        );
        println!(
            "GFLOP/s forward, gradient of the input, gradient of the weights; share of the peak"
        );
    }
    let found: Vec<Option<[f64; 3]>> = cases
        .iter()
        .map(|case| {
            let speeds = pool.install(|| speeds(isa, case, clock, seconds));
            if !is_json {
                let saved = if case.is_winograd {
                    SAVED_BY_WINOGRAD
                } else {
                    1.0
                };
                let share = speeds.map(|speed| speed / (peak * saved * threads as f64));
                println!(
                    "{:36}{}   {}",
                    case.name,
                    speeds.map(|value| format!("{value:8.1}")).concat(),
                    share.map(|value| format!("{value:6.2}")).concat(),
                );
            }
            Some(speeds)
        })
        .collect();
    if is_json {
        println!(
            "{{\"isa\": \"{}\", \"threads\": {threads}, \"peak_gflops\": {peak}, \"cases\": [{}]}}",
            isa.name(),
            list(&found)
        );
    }
}
