use serde_json::{Map, json};

use super::{
    Case, Mapping, Output, check_known, number, number_or,
    options::{dropout, or},
};

pub fn fnet(case: &Case) -> Result<Mapping, String> {
    check_known(case, &["depth", "mult_chan", "in_channels", "out_channels"])?;
    let channels = [
        number_or(case, "in_channels", 1)?,
        number_or(case, "out_channels", 1)?,
    ];
    let options = json!({
        "depth": number_or(case, "depth", 4)?,
        "multiplier": number_or(case, "mult_chan", 32)?,
    });
    Ok(Mapping::new("fnet", channels, case, options))
}

pub fn aics(case: &Case) -> Result<Mapping, String> {
    check_known(
        case,
        &[
            "in_channel",
            "n_classes",
            "down_ratio",
            "base",
            "heads",
            "batchnorm_flag",
        ],
    )?;
    let heads = case.hyper("heads").as_array();
    let heads: Option<Vec<usize>> = heads.map(|heads| {
        heads
            .iter()
            .filter_map(|n| Some(n.as_u64()? as usize))
            .collect()
    });
    let out_channels = match &heads {
        Some(heads) => *heads.first().ok_or("no heads")?,
        None => number(case, "n_classes")?,
    };
    let mut options = Map::new();
    options.insert("base".to_owned(), number_or(case, "base", 32)?.into());
    options.insert(
        "down_ratio".to_owned(),
        number_or(case, "down_ratio", 2)?.into(),
    );
    if case.hyper("batchnorm_flag").as_bool() == Some(false) {
        options.insert("norm".to_owned(), "none".into());
    }
    if let Some(heads) = &heads {
        options.insert("further_heads".to_owned(), json!(heads[1..]));
    }
    let channels = [number_or(case, "in_channel", 1)?, out_channels];
    let mapping = Mapping::new("anisotropic_unet", channels, case, options.into());
    Ok(match heads {
        Some(_) => mapping.with_outputs(vec![
            Output::new("/0", "main"),
            Output::new("/1", "head1"),
            Output::new("/2", "head2"),
        ]),
        None => mapping,
    })
}

pub fn erfnet(case: &Case) -> Result<Mapping, String> {
    check_known(case, &["num_classes", "input_channels", "dims", "widths"])?;
    let classes = case.hyper("num_classes").as_array();
    let total = classes.map(|all| {
        all.iter()
            .filter_map(serde_json::Value::as_u64)
            .sum::<u64>()
    });
    let mut options = Map::new();
    options.insert("branches".to_owned(), case.hyper("num_classes").clone());
    if !case.hyper("widths").is_null() {
        options.insert("widths".to_owned(), case.hyper("widths").clone());
    }
    let channels = [
        number_or(case, "input_channels", 1)?,
        total.ok_or("no num_classes")? as usize,
    ];
    Ok(Mapping::new(
        "branched_erfnet",
        channels,
        case,
        options.into(),
    ))
}

pub fn probabilistic(case: &Case) -> Result<Mapping, String> {
    let known = [
        "spatial_dims",
        "in_channels",
        "out_channels",
        "channels",
        "strides",
        "latent_dim",
        "kernel_size",
        "up_kernel_size",
        "dropout",
        "task",
    ];
    check_known(case, &known)?;
    let task = case.hyper("task");
    if !task.is_null() && task != "segmentation" {
        return Err(format!("the task {task} is not one of the network's here"));
    }
    let channels = [number(case, "in_channels")?, number(case, "out_channels")?];
    let options = json!({
        "channels": case.hyper("channels"),
        "strides": case.hyper("strides"),
        "kernel": or(case.hyper("kernel_size"), 3),
        "up_kernel": or(case.hyper("up_kernel_size"), 3),
        "dropout": dropout(case.hyper("dropout"))?,
        "latent": number_or(case, "latent_dim", 6)?,
    });
    let mut mapping = Mapping::new("probabilistic_unet", channels, case, options);
    mapping.prefix = "net.";
    mapping.runs_again = true;
    mapping.inputs = [("target", "seg"), ("noise", "noise")]
        .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
        .into();
    let names = [
        ("/post/pred", "main"),
        ("/post/mu_post", "posterior_mean"),
        ("/post/logvar_post", "posterior_log_variance"),
        ("/post/prior_mu", "prior_mean"),
        ("/post/prior_logvar", "prior_log_variance"),
        ("/prior_pred", "prior_prediction"),
    ];
    Ok(mapping.with_outputs(names.map(|(theirs, ours)| Output::new(theirs, ours)).into()))
}
