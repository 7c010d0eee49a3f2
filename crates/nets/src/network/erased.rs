//! Networks behind one erased type, so that [`super::AnyNetwork`] can hold any.
//!
//! burn's visitors have methods that are generic over the rank and so cannot be called through a
//! trait object. The bridge passes parameters as `dyn Any` and finds the rank again by trying.

use std::any::Any;

use burn::{
    module::{
        Devices, DisplaySettings, Flag, Module, ModuleDisplay, ModuleMapper, ModuleVisitor, Param,
    },
    tensor::{Bool, Device, Int, Tensor},
};

use super::{Inputs, Network, Outputs, SizeRule};

/// [`Network`] and [`Module`] without generic methods.
pub(super) trait Erased: Send + Sync + std::fmt::Debug {
    fn clone_box(&self) -> Box<dyn Erased>;
    fn forward(&self, inputs: Inputs) -> Outputs;
    fn sizes(&self) -> SizeRule;
    fn format(&self, settings: DisplaySettings) -> String;
    fn collect_devices(&self, devices: Devices) -> Devices;
    fn fork(self: Box<Self>, device: &Device) -> Box<dyn Erased>;
    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn Erased>;
    fn train(self: Box<Self>) -> Box<dyn Erased>;
    fn valid(&self) -> Box<dyn Erased>;
    fn materialize(self: Box<Self>) -> Box<dyn Erased>;
    fn visit(&self, visitor: &mut dyn ErasedVisitor);
    fn map(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn Erased>;
}

impl Clone for Box<dyn Erased> {
    fn clone(&self) -> Self {
        // Of what is in the box, not of the box.
        (**self).clone_box()
    }
}

impl<N: Network + Sync + 'static> Erased for N {
    fn clone_box(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn forward(&self, inputs: Inputs) -> Outputs {
        Network::forward(self, inputs)
    }

    fn sizes(&self) -> SizeRule {
        Network::sizes(self)
    }

    fn format(&self, settings: DisplaySettings) -> String {
        ModuleDisplay::format(self, settings)
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        Module::collect_devices(self, devices)
    }

    fn fork(self: Box<Self>, device: &Device) -> Box<dyn Erased> {
        Box::new(Module::fork(*self, device))
    }

    fn to_device(self: Box<Self>, device: &Device) -> Box<dyn Erased> {
        Box::new(Module::to_device(*self, device))
    }

    fn train(self: Box<Self>) -> Box<dyn Erased> {
        Box::new(Module::train(*self))
    }

    fn valid(&self) -> Box<dyn Erased> {
        Box::new(Module::valid(self))
    }

    fn materialize(self: Box<Self>) -> Box<dyn Erased> {
        Box::new(Module::materialize(*self))
    }

    fn visit(&self, visitor: &mut dyn ErasedVisitor) {
        Module::visit(self, &mut VisitorIn(visitor));
    }

    fn map(self: Box<Self>, mapper: &mut dyn ErasedMapper) -> Box<dyn Erased> {
        Box::new(Module::map(*self, &mut MapperIn(mapper)))
    }
}

pub(super) trait ErasedVisitor {
    fn visit_any(&mut self, parameter: &dyn Any);
    fn enter(&mut self, name: &str, container: &str);
    fn exit(&mut self, name: &str, container: &str);
}

pub(super) trait ErasedMapper {
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
pub(super) struct VisitorOut<'a, V>(pub(super) &'a mut V);

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
pub(super) struct MapperOut<'a, M>(pub(super) &'a mut M);

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
