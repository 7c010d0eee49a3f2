use serde_json::{Value, json};

use super::{
    Case, Mapping, known_hypers, number,
    options::{activation_of, list},
};

/// The generators of the nuclei GAN.
pub fn chained_unet(case: &Case) -> Result<Mapping, String> {
    known_hypers(case, &["size", "cin", "skips", "f", "k", "acts"])?;
    let activations = list(case.hyper("acts"))?.iter().map(|name| {
        // Keras's name of the identity.
        let name = if name == "linear" { &Value::Null } else { name };
        activation_of(name)
    });
    let activations = activations.collect::<Result<Vec<_>, _>>()?;
    let options = json!({
        "skips": number(case, "skips")?,
        "filters": number(case, "f")?,
        "kernel": number(case, "k")?,
        "activations": activations,
    });
    Ok(Mapping::new(
        "chained_unet",
        [number(case, "cin")?, 1],
        case,
        options,
    ))
}

/// Its discriminator, which sees masks and image.
pub fn patch_discriminator(case: &Case) -> Result<Mapping, String> {
    known_hypers(case, &["size", "cin", "ctar", "base"])?;
    let channels = [number(case, "cin")? + number(case, "ctar")?, 1];
    let options = json!({ "base": number(case, "base")? });
    let mapping = Mapping::new("keras_patch_discriminator", channels, case, options);
    let main_input = ["input_image", "target_image"].map(str::to_owned).to_vec();
    Ok(Mapping {
        main_input,
        ..mapping
    })
}

pub fn mask_generator(case: &Case) -> Result<Mapping, String> {
    known_hypers(case, &["noise", "c"])?;
    let options = json!({ "base": number(case, "c")? });
    Ok(Mapping::new(
        "mask_generator",
        [number(case, "noise")?, 1],
        case,
        options,
    ))
}

pub fn mask_discriminator(case: &Case) -> Result<Mapping, String> {
    known_hypers(case, &["c"])?;
    let options = json!({ "base": number(case, "c")? });
    Ok(Mapping::new("mask_discriminator", [1, 1], case, options))
}
