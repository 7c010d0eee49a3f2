//! Configs that come with Coverslip.

/// A config that comes with Coverslip: a commented YAML text under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name, as in `nuclei-2d`.
    pub name: &'static str,
    /// The whole text with its comments.
    pub text: &'static str,
}

impl Preset {
    /// Instances of fluorescent nuclei.
    pub const NUCLEI_2D: Self = Self {
        name: "nuclei-2d",
        text: include_str!("../../presets/nuclei-2d.yaml"),
    };
    /// Restoration from pairs of images.
    pub const REGRESSION: Self = Self {
        name: "regression",
        text: include_str!("../../presets/regression.yaml"),
    };
    /// Denoising without clean images.
    pub const SELF_DENOISE_2D: Self = Self {
        name: "self-denoise-2d",
        text: include_str!("../../presets/self-denoise-2d.yaml"),
    };
    /// What `coverslip demo` trains.
    pub const DEMO: Self = Self {
        name: "demo",
        text: include_str!("../../presets/demo.yaml"),
    };
    /// Every preset, the most used first.
    pub const ALL: [Self; 4] = [
        Self::NUCLEI_2D,
        Self::REGRESSION,
        Self::SELF_DENOISE_2D,
        Self::DEMO,
    ];

    /// The preset of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name == name)
    }

    /// What it is for: the first line of its text.
    pub fn summary(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }
}
