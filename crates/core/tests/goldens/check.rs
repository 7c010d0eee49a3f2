//! Computes a case and compares.

use std::collections::BTreeMap;

use burn::{
    module::{Flag, Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{DType, Device, FloatDType, Gradients, Tensor, TensorData},
};
use coverslip_nets::{
    AnyNetwork, Inputs, Network,
    build::BuildSettings,
    weights::{self, ModulePath},
};

use super::{
    build_network,
    case::Case,
    families::{self, Mapping, Output},
};

/// Tolerances where the case is no worse conditioned, relative to the largest value.
const OUTPUT: f64 = 1e-4;
const GRADIENT: f64 = 1e-3;
/// Of outputs with Winograd's algorithm.
const TRANSFORMED: f64 = 1e-3;

/// Says in a line what was compared.
pub fn check(case: &Case) -> Result<String, String> {
    let mapping = families::mapping(case)?;
    let mut comparison = Comparison {
        case,
        worst: 0.0,
        count: 0,
    };
    let exact = network(case, &mapping, true)?;
    let count = weights::count_parameters(&exact) + unused(case, &mapping);
    let expected = &case.config["param_count"];
    let expected = case.config["trainable"].as_u64().or(expected.as_u64());
    if expected.is_some_and(|expected| expected != count as u64) {
        return Err(format!("{count} parameters, {expected:?} expected"));
    }
    let mut has_tie = comparison.mode(&mapping, &exact, &EVALUATION)?;
    if case.config["train_mode"].as_bool() == Some(true) {
        has_tie |= comparison.mode(&mapping, &exact, &TRAINING)?;
    }
    let fast = Switch::apply(network(case, &mapping, false)?, false);
    let pass = Pass::run(case, &mapping, &fast, &mapping.outputs, "probe")?;
    let worst = comparison.worst;
    comparison.outputs(&pass, "output", TRANSFORMED)?;
    let Comparison { count, .. } = comparison;
    let tie = if has_tie {
        " (gradients in double precision: rounding decides a tie)"
    } else {
        ""
    };
    Ok(format!(
        "{count} tensors, worst at {worst:.2} of its tolerance{tie}"
    ))
}

/// How many numbers the parameters hold that the reference computes nothing with.
fn unused(case: &Case, mapping: &Mapping) -> usize {
    let Some(part) = mapping.unused else { return 0 };
    let tensors = case.weights.iter().filter(|(name, _)| name.contains(part));
    tensors.map(|(_, data)| data.num_elements()).sum()
}

/// What a case has of one kind of computation.
struct Mode {
    is_training: bool,
    output: &'static str,
    gradients: &'static str,
}

const EVALUATION: Mode = Mode {
    is_training: false,
    output: "output",
    gradients: "grad/",
};
const TRAINING: Mode = Mode {
    is_training: true,
    output: "output_train",
    gradients: "train/grad/",
};

/// Makes a network compute in double precision.
struct Widen;

impl ModuleMapper for Widen {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let is_learned = tensor.is_require_grad();
            let wide = tensor.inner().cast(FloatDType::F64);
            Tensor::from_inner(wide).set_require_grad(is_learned)
        })
    }
}

/// The network of a case with its weights, on a device that records gradients.
fn network(case: &Case, mapping: &Mapping, exact: bool) -> Result<AnyNetwork, String> {
    let settings = BuildSettings {
        io: mapping.io,
        seed: 0,
        device: Device::flex().autodiff(),
        exact,
    };
    let network = build_network(mapping.network, &mapping.options, &settings)?;
    let dict = case.weights.iter().map(|(name, data)| {
        let name = name.strip_prefix(mapping.prefix).unwrap_or(name);
        (name.to_owned(), data.clone())
    });
    let (network, report) = weights::load(network, &dict.collect());
    if report.is_complete() {
        return Ok(network);
    }
    Err(format!(
        "missing {:?}, unexpected {:?}, misshapen {:?}",
        report.missing, report.unexpected, report.misshapen
    ))
}

/// Sets whether normalisations use the batch's statistics. Dropout stays off: the references were
/// computed without.
struct Switch {
    is_training: bool,
    /// The modules around the present one.
    containers: Vec<String>,
}

impl Switch {
    fn apply(network: AnyNetwork, is_training: bool) -> AnyNetwork {
        let containers = Vec::new();
        network.map(&mut Self {
            is_training,
            containers,
        })
    }
}

impl ModuleMapper for Switch {
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        let is_dropout = self
            .containers
            .iter()
            .any(|name| name.contains("DropoutLayer"));
        flag.with_value(self.is_training && !is_dropout)
    }

    fn enter_module(&mut self, _: &str, container: &str) {
        self.containers.push(container.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.containers.pop();
    }
}

/// The results of one computation of a network.
struct Pass<'a> {
    mapping: &'a Mapping,
    outputs: Vec<(String, TensorData)>,
    /// By the names of the case's inputs.
    input_gradients: BTreeMap<String, TensorData>,
    /// By file names; zero where a parameter has no gradient.
    gradients: BTreeMap<String, TensorData>,
    /// All tensors of the network afterwards, by file names.
    state: weights::StateDict,
}

impl<'a> Pass<'a> {
    fn run(
        case: &Case,
        mapping: &'a Mapping,
        network: &AnyNetwork,
        specified: &[Output],
        probe: &str,
    ) -> Result<Self, String> {
        let device = Device::flex().autodiff();
        let inner = Device::flex();
        let precision = precision_of(network);
        let mut leaves: BTreeMap<String, Tensor<5>> = BTreeMap::new();
        let mut leaf = |name: &String| -> Result<Tensor<5>, String> {
            let data = to_map(case.tensor(name)?, case.is_keras());
            let tensor = Tensor::<5>::from_data(data, &inner).cast(precision);
            let tensor = Tensor::from_inner(tensor).require_grad();
            leaves.insert(name.clone(), tensor.clone());
            Ok(tensor)
        };
        let main = mapping.main_input.iter().map(&mut leaf);
        let mut inputs = Inputs::new(Tensor::cat(main.collect::<Result<_, _>>()?, 1));
        for (ours, theirs) in &mapping.inputs {
            inputs = inputs.with(ours, leaf(theirs)?);
        }
        let results = network.forward(inputs.clone());
        if mapping.runs_again {
            inputs.others.remove("target");
            network.forward(inputs);
        }
        let mut loss: Option<Tensor<1>> = None;
        let mut outputs = Vec::new();
        for output in specified {
            let maps = output.ours.iter().map(|name| match name.as_str() {
                "main" => Ok(results.main.clone()),
                name => {
                    let known = || format!("no output {name} among {:?}", results.others.keys());
                    results.others.get(name).cloned().ok_or_else(known)
                }
            });
            let maps = maps.collect::<Result<Vec<_>, String>>()?;
            let probe = case.tensor(&format!("{probe}{}", output.suffix))?;
            let (data, term) = joined(&maps, probe, case.is_keras(), &device)?;
            outputs.push((output.suffix.clone(), data));
            loss = Some(match loss {
                Some(loss) => loss + term,
                None => term,
            });
        }
        let gradients = loss.ok_or("no output")?.backward();
        let input_gradients = leaves
            .into_iter()
            .filter_map(|(name, tensor)| Some((name, tensor.grad(&gradients)?.into_data())));
        Ok(Self {
            mapping,
            outputs,
            input_gradients: input_gradients.collect(),
            gradients: parameter_gradients(network, &gradients),
            state: weights::collect(network),
        })
    }
}

/// The type that a network's parameters have.
fn precision_of(network: &AnyNetwork) -> FloatDType {
    struct Find(FloatDType);
    impl ModuleVisitor for Find {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.val().dtype() == DType::F64 {
                self.0 = FloatDType::F64;
            }
        }
    }
    let mut find = Find(FloatDType::F32);
    network.visit(&mut find);
    find.0
}

/// The values of stacked maps in the case's order of axes, and their product with the probe.
fn joined(
    maps: &[Tensor<5>],
    probe: &TensorData,
    is_keras: bool,
    device: &Device,
) -> Result<(TensorData, Tensor<1>), String> {
    let shape = probe.shape().to_vec();
    // A stack of maps has one axis more.
    let single = if maps.len() > 1 {
        let mut single = shape.clone();
        let count = single.remove(1);
        if count != maps.len() {
            return Err(format!("{} maps where {count} are expected", maps.len()));
        }
        single
    } else {
        shape.clone()
    };
    let mut flat = Vec::new();
    for map in maps {
        let [n, c, z, y, x] = map.dims();
        let map = if is_keras && single.len() == 4 {
            map.clone().permute([0, 2, 3, 4, 1])
        } else {
            map.clone()
        };
        let fits = match single.as_slice() {
            [a, b, d, e] if is_keras => [*a, *b, *d, *e] == [n, y, x, c],
            [a, b, d, e] => z == 1 && [*a, *b, *d, *e] == [n, c, y, x],
            [a, b, d, e, f] => [*a, *b, *d, *e, *f] == [n, c, z, y, x],
            [a, b] => [*a, *b] == [n, c * z * y * x],
            _ => false,
        };
        if !fits {
            return Err(format!(
                "an output of {:?} where {single:?} is expected",
                [n, c, z, y, x]
            ));
        }
        flat.push(map.reshape([n as i32, -1]));
    }
    let all = Tensor::<2>::cat(flat, 1);
    let [rows, columns] = all.dims();
    let probe = TensorData::new(probe.iter::<f32>().collect::<Vec<_>>(), [rows, columns]);
    let probe = Tensor::<2>::from_data(probe, device).cast(all.dtype());
    let values = all.clone().into_data().iter::<f32>().collect::<Vec<_>>();
    Ok((TensorData::new(values, shape), (all * probe).sum()))
}

/// `[N, C, Z, Y, X]` of a case's tensor.
fn to_map(data: &TensorData, is_keras: bool) -> TensorData {
    let values: Vec<f32> = data.iter::<f32>().collect();
    match *data.shape().to_vec().as_slice() {
        [n, y, x, c] if is_keras => {
            let tensor =
                Tensor::<4>::from_data(TensorData::new(values, [n, y, x, c]), &Device::flex());
            let tensor = tensor.permute([0, 3, 1, 2]).reshape([n, c, 1, y, x]);
            tensor.into_data()
        }
        [n, c, y, x] => TensorData::new(values, [n, c, 1, y, x]),
        [n, c] => TensorData::new(values, [n, c, 1, 1, 1]),
        _ => data.clone(),
    }
}

/// The gradients of all parameters as a file would hold them.
fn parameter_gradients(
    network: &AnyNetwork,
    gradients: &Gradients,
) -> BTreeMap<String, TensorData> {
    struct Visitor<'a> {
        network: &'a AnyNetwork,
        gradients: &'a Gradients,
        path: ModulePath,
        found: BTreeMap<String, TensorData>,
    }
    impl ModuleVisitor for Visitor<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Some(tensor) = self.network.file_tensor(param.id) else {
                return;
            };
            let value = param.val();
            let gradient = match value.grad(self.gradients) {
                Some(gradient) => gradient.into_data(),
                None => value.inner().zeros_like().into_data(),
            };
            let gradient = tensor.layout.to_file(gradient);
            for name in &tensor.names {
                self.found.insert(name.clone(), gradient.clone());
            }
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
    }
    let mut visitor = Visitor {
        network,
        gradients,
        path: ModulePath::default(),
        found: BTreeMap::new(),
    };
    network.visit(&mut visitor);
    visitor.found
}

/// Compares and remembers how close it was.
struct Comparison<'a> {
    case: &'a Case,
    /// The largest difference as a share of its tolerance.
    worst: f64,
    count: usize,
}

impl Comparison<'_> {
    /// Compares a network's outputs, gradients and statistics. A gradient jumps where a value before a
    /// `ReLU` is zero but for rounding, so one that differs must agree in double precision; gives
    /// whether that was so.
    fn mode(&mut self, mapping: &Mapping, exact: &AnyNetwork, mode: &Mode) -> Result<bool, String> {
        let case = self.case;
        let own = mapping.train_outputs.as_ref().filter(|_| mode.is_training);
        let outputs = own.unwrap_or(&mapping.outputs);
        let has_own = case
            .tensors
            .keys()
            .any(|name| name.starts_with("probe_train"));
        let probe = if has_own && mode.is_training {
            "probe_train"
        } else {
            "probe"
        };
        let run = |network: AnyNetwork| {
            let network = Switch::apply(network, mode.is_training);
            Pass::run(case, mapping, &network, outputs, probe)
        };
        let pass = run(exact.clone())?;
        self.outputs(&pass, mode.output, OUTPUT)?;
        if mode.is_training {
            self.statistics(&pass)?;
        }
        if self.gradients(&pass, mode.gradients).is_ok() {
            return Ok(false);
        }
        // Another network: copies share their running statistics.
        let wide = network(case, mapping, true)?.map(&mut Widen);
        self.gradients(&run(wide)?, mode.gradients)?;
        Ok(true)
    }

    fn outputs(&mut self, pass: &Pass<'_>, kind: &str, tolerance: f64) -> Result<(), String> {
        for (suffix, data) in &pass.outputs {
            self.compare(&format!("{kind}{suffix}"), data, tolerance)?;
        }
        Ok(())
    }

    fn gradients(&mut self, pass: &Pass<'_>, kind: &str) -> Result<(), String> {
        let names: Vec<String> = self.case.tensors.keys().cloned().collect();
        for name in names {
            let Some(of) = name.strip_prefix(kind) else {
                continue;
            };
            let own = of.strip_prefix(pass.mapping.prefix).unwrap_or(of);
            let found = pass.gradients.get(own).or(pass.input_gradients.get(of));
            let data = match found {
                Some(data) => in_shape_of(data, self.case, of),
                None if pass.mapping.unused.is_some_and(|part| of.contains(part)) => continue,
                // An input that the network does not learn from.
                None if self.case.tensors.contains_key(of) => continue,
                None => return Err(format!("no gradient of {of}")),
            };
            self.compare(&name, &data, GRADIENT)?;
        }
        Ok(())
    }

    fn statistics(&mut self, pass: &Pass<'_>) -> Result<(), String> {
        let names: Vec<String> = self.case.tensors.keys().cloned().collect();
        for name in names {
            let Some(of) = name.strip_prefix("train/after/") else {
                continue;
            };
            let own = of.strip_prefix(pass.mapping.prefix).unwrap_or(of);
            let data = pass
                .state
                .get(own)
                .ok_or_else(|| format!("no statistic {of}"))?;
            self.compare(&name, data, OUTPUT)?;
        }
        Ok(())
    }

    /// The largest of a case's gradients of one kind, for those that are zero but for rounding: a bias
    /// before a batch normalisation has none.
    fn largest_gradient(&self, kind: &str) -> f64 {
        let gradients = self
            .case
            .tensors
            .iter()
            .filter(|(name, _)| name.starts_with(kind));
        gradients.map(|(_, data)| largest(data)).fold(0.0, f64::max)
    }

    fn compare(&mut self, name: &str, found: &TensorData, least: f64) -> Result<(), String> {
        let expected = self.case.tensor(name)?;
        if found.shape() != expected.shape() {
            return Err(format!(
                "{name} has the shape {:?}, {:?} expected",
                found.shape(),
                expected.shape()
            ));
        }
        let tolerance = least.max(20.0 * self.case.conditioning(name));
        let kind = name
            .find("grad/")
            .map(|start| &name[..start + "grad/".len()]);
        let largest = match (kind, self.case.has_conditioning(name)) {
            (Some(kind), false) => self.largest_gradient(kind),
            _ => largest(expected),
        };
        if found.iter::<f64>().any(|value| !value.is_finite()) {
            return Err(format!("{name} holds values that are not finite"));
        }
        let difference = found
            .iter::<f64>()
            .zip(expected.iter::<f64>())
            .map(|(found, expected)| (found - expected).abs())
            .fold(0.0, f64::max);
        if difference > tolerance * largest {
            return Err(format!(
                "{name} differs by {:.2e} of its largest value, {tolerance:.2e} allowed",
                difference / largest
            ));
        }
        self.count += 1;
        if largest > 0.0 {
            self.worst = self.worst.max(difference / largest / tolerance);
        }
        Ok(())
    }
}

fn largest(data: &TensorData) -> f64 {
    data.iter::<f64>()
        .fold(0.0, |most: f64, value| most.max(value.abs()))
}

/// The gradient of an input in the case's order of axes.
fn in_shape_of(data: &TensorData, case: &Case, input: &str) -> TensorData {
    let Ok(reference) = case.tensor(input) else {
        return data.clone();
    };
    let shape = reference.shape().to_vec();
    let values: Vec<f32> = match (data.shape().to_vec().as_slice(), case.is_keras()) {
        (&[n, c, 1, y, x], true) if shape.len() == 4 => {
            let tensor = Tensor::<4>::from_data(
                TensorData::new(data.iter::<f32>().collect::<Vec<_>>(), [n, c, y, x]),
                &Device::flex(),
            );
            tensor
                .permute([0, 2, 3, 1])
                .into_data()
                .iter::<f32>()
                .collect()
        }
        _ => data.iter::<f32>().collect(),
    };
    TensorData::new(values, shape)
}
