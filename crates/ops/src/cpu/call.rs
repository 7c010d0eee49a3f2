//! Operations of our own in burn's graph.

#![expect(
    clippy::too_many_arguments,
    reason = "a method for each number of inputs"
)]

use std::{fmt::Debug, sync::Arc};

use burn::backend::{
    Backend, Dispatch, DispatchTensor, Flex, backend_extension, tensor::FloatTensor,
};
use burn_autodiff::{
    Autodiff,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn_flex::FlexTensor;

/// An operation on tensors of a processor, with its gradient.
///
/// Inputs and gradients are contiguous tensors of `f32`.
pub(crate) trait Operation: Debug + Send + Sync + 'static {
    /// The output, and what the backward pass needs.
    fn forward(&self, inputs: &[FlexTensor]) -> (FlexTensor, Vec<FlexTensor>);

    /// The gradients of those inputs that are wanted, from that of the output.
    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: &[bool],
    ) -> Vec<Option<FlexTensor>>;
}

type Shared = Arc<dyn Operation>;

/// The most inputs of an operation.
pub(crate) const MOST_INPUTS: usize = 10;

/// The state that a node of the graph keeps until the backward pass.
#[derive(Clone, Debug)]
struct Saved {
    operation: Shared,
    tensors: Vec<FlexTensor>,
}

/// A tensor whose memory holds its values and no others: the first part of a larger one is a
/// contiguous view too, and gradients are changed in place.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    let values = tensor.layout().num_elements();
    let is_whole = tensor.layout().start_offset() == 0 && tensor.bytes().len() == 4 * values;
    if tensor.is_contiguous() && is_whole {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// One method for each number of inputs, because burn's graph has that number in its types.
macro_rules! arities {
    ($($method:ident, $node:ident, $count:literal: $($input:ident)*;)*) => {
        /// The operations as burn's dispatch sees them.
        #[backend_extension(Flex, Autodiff)]
        pub(crate) trait CpuBackend: Backend {
            $(fn $method($($input: FloatTensor<Self>,)* operation: Shared) -> FloatTensor<Self>;)*
        }

        impl CpuBackend for Flex {
            $(fn $method($($input: FlexTensor,)* operation: Shared) -> FlexTensor {
                operation.forward(&[$(contiguous($input)),*]).0
            })*
        }

        impl<C: CheckpointStrategy> CpuBackend for Autodiff<Flex, C> {
            $(fn $method($($input: FloatTensor<Self>,)* operation: Shared) -> FloatTensor<Self> {
                $(let $input = $input.into_parts();)*
                let tensors = [$($input.0),*];
                let nodes = [$($input.1),*];
                let (output, saved) = operation.forward(&tensors.map(contiguous));
                match $node.prepare::<C>(nodes).compute_bound().stateful() {
                    OpsKind::Tracked(graph) => {
                        graph.finish(Saved { operation, tensors: saved }, output)
                    }
                    OpsKind::UnTracked(graph) => graph.finish(output),
                }
            })*
        }

        $(#[derive(Debug)]
        struct $node;

        impl Backward<Flex, $count> for $node {
            type State = Saved;

            fn backward(
                self,
                ops: Ops<Saved, $count>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = contiguous(gradients.consume::<Flex>(&ops.node));
                let wanted = ops.parents.each_ref().map(Option::is_some);
                let Saved { operation, tensors } = ops.state;
                let found = operation.backward(tensors, gradient, &wanted);
                for (parent, gradient) in ops.parents.into_iter().zip(found) {
                    if let (Some(parent), Some(gradient)) = (parent, gradient) {
                        gradients.register::<Flex>(parent.id, gradient);
                    }
                }
            }
        })*

        /// Puts an operation between its inputs and its output.
        ///
        /// # Panics
        ///
        /// For more inputs than any operation has.
        pub(crate) fn call(
            operation: impl Operation,
            inputs: Vec<DispatchTensor>,
        ) -> DispatchTensor {
            let operation: Shared = Arc::new(operation);
            let count = inputs.len();
            let mut inputs = inputs.into_iter();
            let mut next = || inputs.next().expect("as many inputs as were counted");
            match count {
                $($count => {
                    $(let $input = next();)*
                    Dispatch::$method($($input,)* operation)
                })*
                _ => unreachable!("no operation has {count} inputs"),
            }
        }
    };
}

arities! {
    call1, Node1, 1: a;
    call2, Node2, 2: a b;
    call3, Node3, 3: a b c;
    call4, Node4, 4: a b c d;
    call5, Node5, 5: a b c d e;
    call6, Node6, 6: a b c d e f;
    call7, Node7, 7: a b c d e f g;
    call8, Node8, 8: a b c d e f g h;
    call9, Node9, 9: a b c d e f g h i;
    call10, Node10, 10: a b c d e f g h i j;
}
