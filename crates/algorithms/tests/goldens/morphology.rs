//! Grey-scale and binary morphology.

use coverslip_algorithms::AlgorithmError;
use coverslip_algorithms::filters::morphology::{
    BinaryMorphology, BinaryOperation, Element, ElementShape, GrayMorphology, GrayOperation,
    GrayPixel, StructuringElement, morph,
};

use crate::case::{Case, Failure, Outcome, Run};
use crate::tensor::{Element as Stored, Tensor};

pub(crate) fn algorithm(name: &str) -> Option<Run> {
    Some(match name {
        "structuring_element" => element,
        "morphology_gray" => gray,
        "morphology_gradient_x3" => repeated_gradient,
        "binary_morphology_nd" => binary,
        _ => return None,
    })
}

fn shape(name: &str) -> Result<ElementShape, Failure> {
    match name {
        "ellipse" => Ok(ElementShape::Ellipse),
        "cross" => Ok(ElementShape::Cross),
        "rect" => Ok(ElementShape::Rect),
        other => Err(Failure::Case(format!("unknown shape `{other}`"))),
    }
}

fn element(case: &Case) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (width, height) in case.param::<Vec<(usize, usize)>>("sizes_wh")? {
        for name in ["ellipse", "cross", "rect"] {
            let shape = shape(name)?;
            let built = Element {
                shape,
                width,
                height,
            }
            .build()?;
            outcome = outcome.with(format!("{name}_{width}x{height}"), built.mask().to_owned());
        }
    }
    Ok(outcome)
}

fn gray(case: &Case) -> Result<Outcome, Failure> {
    match case.input("x")?.dtype {
        Some(safetensors::Dtype::U8) => gray_of::<u8>(case),
        Some(safetensors::Dtype::U16) => gray_of::<u16>(case),
        Some(safetensors::Dtype::I16) => gray_of::<i16>(case),
        Some(safetensors::Dtype::F32) => gray_of::<f32>(case),
        _ => gray_of::<f64>(case),
    }
}

fn gray_of<P: GrayPixel + Stored>(case: &Case) -> Result<Outcome, Failure> {
    let image = case.image::<P>("x")?;
    let element = match case.optional("se") {
        Some(_) => StructuringElement::from_mask(&case.image("se")?.view())?,
        None => Element {
            shape: shape(&case.param::<String>("shape")?)?,
            width: case.param("w")?,
            height: case.param("h")?,
        }
        .build()?,
    };
    let mut outcome = Outcome::default();
    for (name, operation) in [
        ("erode", GrayOperation::Erode),
        ("dilate", GrayOperation::Dilate),
        ("open", GrayOperation::Open),
        ("close", GrayOperation::Close),
        ("gradient", GrayOperation::Gradient),
        ("tophat", GrayOperation::Tophat),
        ("blackhat", GrayOperation::Blackhat),
    ] {
        outcome = outcome.with(name, morph(&image.view(), &element, operation));
    }
    Ok(outcome)
}

fn repeated_gradient(case: &Case) -> Result<Outcome, Failure> {
    // Such as `ellipse 7x7`: width, then height.
    let described = case.param_or("se", "ellipse 7x7".to_owned())?;
    let words: Vec<&str> = described.split([' ', 'x']).collect();
    let side = |index: usize| words.get(index).and_then(|word| word.parse().ok());
    let (Some(width), Some(height)) = (side(1), side(2)) else {
        return Err(Failure::Case(format!("unknown element `{described}`")));
    };
    let morphology = GrayMorphology {
        operation: GrayOperation::Gradient,
        element: Element {
            shape: shape(words[0])?,
            width,
            height,
        },
        repeat: case.param_or("iterations", 3)?,
    };
    let y = morphology.apply(&case.image::<u8>("x")?.view())?;
    Ok(Outcome::default().with("y", y))
}

fn binary(case: &Case) -> Result<Outcome, Failure> {
    let mask = case.input("x")?.array::<bool>();
    let (connectivity, iterations) = (
        case.param_or("connectivity", 1)?,
        case.param_or("iterations", 1)?,
    );
    let apply = |operation, outside_is_set| -> Result<Tensor, AlgorithmError> {
        let morphology = BinaryMorphology {
            operation,
            connectivity,
            iterations,
            outside_is_set,
        };
        Ok(morphology.apply(&mask.view())?.into())
    };
    let mut outcome = Outcome::default();
    for (name, operation) in [
        ("erode", BinaryOperation::Erode),
        ("dilate", BinaryOperation::Dilate),
        ("open", BinaryOperation::Open),
        ("close", BinaryOperation::Close),
    ] {
        outcome = outcome.with(name, apply(operation, false)?);
        for (border, outside_is_set) in [("border0", false), ("border1", true)] {
            outcome = outcome.with(
                format!("{name}_{border}"),
                apply(operation, outside_is_set)?,
            );
        }
    }
    Ok(outcome)
}
