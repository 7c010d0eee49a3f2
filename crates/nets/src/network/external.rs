//! Networks of other crates behind one erased type, so that [`super::AnyNetwork`] can hold them.
//!
//! burn's visitors have methods that are generic over the rank and so cannot be called through a
//! trait object. The bridge passes parameters as `dyn Any` and finds the rank again by trying.

use std::any::Any;

use burn::{
    module::{
        Content, Devices, Flag, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper,
        ModuleVisitor, Param,
    },
    tensor::{Bool, Device, Int, Tensor},
};

use super::{Inputs, Network, Outputs, SizeRule};

/// A network of another crate.
#[derive(Debug)]
pub struct External(Box<dyn ErasedNetwork>);

impl External {
    /// Wraps any network.
    pub fn new(network: impl Network + Sync + 'static) -> Self {
        Self(Box::new(network))
    }
}

impl Clone for External {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl Network for External {
    fn forward(&self, inputs: Inputs) -> Outputs {
        self.0.forward_erased(inputs)
    }

    fn sizes(&self) -> SizeRule {
        self.0.sizes_erased()
    }
}

impl ModuleDisplayDefault for External {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&format!("{:?}", self.0)).optional()
    }
}

impl ModuleDisplay for External {}

impl Module for External {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.0.collect_devices_erased(devices)
    }

    fn fork(self, device: &Device) -> Self {
        Self(self.0.fork_erased(device))
    }

    fn to_device(self, device: &Device) -> Self {
        Self(self.0.to_device_erased(device))
    }

    fn train(self) -> Self {
        Self(self.0.train_erased())
    }

    fn valid(&self) -> Self {
        Self(self.0.valid_erased())
    }

    fn materialize(self) -> Self {
        Self(self.0.materialize_erased())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.0.visit_erased(&mut VisitorOut(visitor));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self(self.0.map_erased(&mut MapperOut(mapper)))
    }
}

/// [`Network`] and [`Module`] without generic methods.
trait ErasedNetwork: Send + Sync + std::fmt::Debug {
    fn clone_box(&self) -> Box<dyn ErasedNetwork>;
    fn forward_erased(&self, inputs: Inputs) -> Outputs;
    fn sizes_erased(&self) -> SizeRule;
    fn collect_devices_erased(&self, devices: Devices) -> Devices;
    fn fork_erased(self: Box<Self>, device: &Device) -> Box<dyn ErasedNetwork>;
    fn to_device_erased(self: Box<Self>, device: &Device) -> Box<dyn ErasedNetwork>;
    fn train_erased(self: Box<Self>) -> Box<dyn ErasedNetwork>;
    fn valid_erased(&self) -> Box<dyn ErasedNetwork>;
    fn materialize_erased(self: Box<Self>) -> Box<dyn ErasedNetwork>;
    fn visit_erased(&self, visitor: &mut dyn ErasedVisitor);
    fn map_erased(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn ErasedNetwork>;
}

impl<N: Network + Sync + 'static> ErasedNetwork for N {
    fn clone_box(&self) -> Box<dyn ErasedNetwork> {
        Box::new(self.clone())
    }

    fn forward_erased(&self, inputs: Inputs) -> Outputs {
        self.forward(inputs)
    }

    fn sizes_erased(&self) -> SizeRule {
        self.sizes()
    }

    fn collect_devices_erased(&self, devices: Devices) -> Devices {
        self.collect_devices(devices)
    }

    fn fork_erased(self: Box<Self>, device: &Device) -> Box<dyn ErasedNetwork> {
        Box::new(self.fork(device))
    }

    fn to_device_erased(self: Box<Self>, device: &Device) -> Box<dyn ErasedNetwork> {
        Box::new((*self).to_device(device))
    }

    fn train_erased(self: Box<Self>) -> Box<dyn ErasedNetwork> {
        Box::new(self.train())
    }

    fn valid_erased(&self) -> Box<dyn ErasedNetwork> {
        Box::new(self.valid())
    }

    fn materialize_erased(self: Box<Self>) -> Box<dyn ErasedNetwork> {
        Box::new(self.materialize())
    }

    fn visit_erased(&self, visitor: &mut dyn ErasedVisitor) {
        self.visit(&mut VisitorIn(visitor));
    }

    fn map_erased(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn ErasedNetwork> {
        Box::new(self.map(&mut MapperIn(mapper)))
    }
}

trait ErasedVisitor {
    fn visit_any(&mut self, parameter: &dyn Any);
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
}

trait ErasedMapper {
    fn map_any(&mut self, parameter: Box<dyn Any>) -> Box<dyn Any>;
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
}

/// From the foreign module's generic calls to the erased ones.
struct VisitorIn<'a>(&'a mut dyn ErasedVisitor);

impl ModuleVisitor for VisitorIn<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.visit_any(param);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.visit_any(param);
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.visit_any(param);
    }

    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.visit_any(flag);
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// Calls one method of a visitor for whichever rank the parameter has.
macro_rules! visit_ranks {
    ($parameter:expr, $visitor:expr, $($rank:literal)*) => {
        $(
            if let Some(param) = $parameter.downcast_ref::<Param<Tensor<$rank>>>() {
                return $visitor.visit_float(param);
            }
            if let Some(param) = $parameter.downcast_ref::<Param<Tensor<$rank, Int>>>() {
                return $visitor.visit_int(param);
            }
            if let Some(param) = $parameter.downcast_ref::<Param<Tensor<$rank, Bool>>>() {
                return $visitor.visit_bool(param);
            }
        )*
    };
}

/// From the erased calls to our generic visitor.
struct VisitorOut<'a, V>(&'a mut V);

impl<V: ModuleVisitor> ErasedVisitor for VisitorOut<'_, V> {
    fn visit_any(&mut self, parameter: &dyn Any) {
        if let Some(flag) = parameter.downcast_ref::<Param<Flag>>() {
            return self.0.visit_flag(flag);
        }
        visit_ranks!(parameter, self.0, 1 2 3 4 5 6);
        unreachable!("a parameter has rank 1 to 6");
    }

    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }
}

/// From the foreign module's generic calls to the erased ones.
struct MapperIn<'a>(&'a mut dyn ErasedMapper);

impl MapperIn<'_> {
    fn through<T: 'static>(&mut self, parameter: T) -> T {
        match self.0.map_any(Box::new(parameter)).downcast() {
            Ok(mapped) => *mapped,
            Err(_) => unreachable!("a mapper keeps the type of a parameter"),
        }
    }
}

impl ModuleMapper for MapperIn<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.through(param)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        self.through(param)
    }

    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        self.through(param)
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.through(flag)
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }

    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// Calls one method of a mapper for whichever rank the parameter has.
macro_rules! map_ranks {
    ($parameter:ident, $mapper:expr, $($rank:literal)*) => {
        $(
            let $parameter = match $parameter.downcast::<Param<Tensor<$rank>>>() {
                Ok(param) => return Box::new($mapper.map_float(*param)),
                Err(other) => other,
            };
            let $parameter = match $parameter.downcast::<Param<Tensor<$rank, Int>>>() {
                Ok(param) => return Box::new($mapper.map_int(*param)),
                Err(other) => other,
            };
            let $parameter = match $parameter.downcast::<Param<Tensor<$rank, Bool>>>() {
                Ok(param) => return Box::new($mapper.map_bool(*param)),
                Err(other) => other,
            };
        )*
    };
}

/// From the erased calls to our generic mapper.
struct MapperOut<'a, M>(&'a mut M);

impl<M: ModuleMapper> ErasedMapper for MapperOut<'_, M> {
    fn map_any(&mut self, parameter: Box<dyn Any>) -> Box<dyn Any> {
        let parameter = match parameter.downcast::<Param<Flag>>() {
            Ok(flag) => return Box::new(self.0.map_flag(*flag)),
            Err(other) => other,
        };
        map_ranks!(parameter, self.0, 1 2 3 4 5 6);
        unreachable!(
            "a parameter has rank 1 to 6, found {:?}",
            (*parameter).type_id()
        );
    }

    fn enter(&mut self, name: &str, container: &str) {
        self.0.enter_module(name, container);
    }

    fn exit(&mut self, name: &str, container: &str) {
        self.0.exit_module(name, container);
    }
}
