//! From a case's name and options to our losses.
//!
//! A name is the loss followed by words that say what is special about the case; what a file states in
//! numbers is read from it.

#[path = "loss_families/adversarial.rs"]
mod adversarial;
#[path = "loss_families/classes.rs"]
mod classes;
#[path = "loss_families/images.rs"]
mod images;
#[path = "loss_families/methods.rs"]
mod methods;

use coverslip_nets::{Loss, loss::Target};

use super::loss_case::{Found, LossCase};

/// Computes a case and compares.
pub fn check(case: LossCase) -> Result<String, String> {
    // The penalty differentiates a gradient by steps, which single precision blurs.
    let case = if case.name.starts_with("gradient_penalty") {
        case.wide()
    } else {
        case
    };
    let groups = [
        classes::compute,
        images::compute,
        methods::compute,
        adversarial::compute,
    ];
    for compute in groups {
        if let Some(found) = compute(&case)? {
            return case.compare(found);
        }
    }
    Err(format!("no loss is known for {}", case.name))
}

/// A weighted sum of losses of one output and target.
fn sum_of(
    case: &LossCase,
    output: &str,
    target: &Target,
    terms: &[(f64, &dyn Loss)],
) -> Result<Option<Vec<Found>>, String> {
    let output = case.leaf(output)?;
    let total = terms
        .iter()
        .map(|(weight, loss)| loss.value(output.clone(), target).mul_scalar(*weight))
        .reduce(|total, term| total + term);
    Ok(total.map(Found::main))
}
