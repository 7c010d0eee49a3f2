use serde_json::json;

use super::{Case, Mapping, check_known, number, number_or};

pub fn milesial(case: &Case) -> Result<Mapping, String> {
    check_known(case, &["n_channels", "n_classes", "bilinear", "base"])?;
    let channels = [number(case, "n_channels")?, number(case, "n_classes")?];
    let is_bilinear = case.hyper("bilinear").as_bool().unwrap_or(false);
    let options = json!({
        "base": number_or(case, "base", 64)?,
        "upsampling": if is_bilinear { "bilinear" } else { "transposed" },
    });
    Ok(Mapping::new("unet", channels, case, options))
}
