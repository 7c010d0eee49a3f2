//! Statistics of images that are looked at in parts, because they are larger than memory.
//!
//! Percentiles are exact: the order statistics are found digit by digit, by counting.

use ndarray::{ArrayView4, Axis};

use super::{ChannelScaling, Normalization, Scaling};
use crate::AlgorithmError;

/// Shows all parts `C Z Y X` of an image to a function, the same ones at every call.
pub type EachPart<'a, E> = dyn FnMut(&mut dyn FnMut(ArrayView4<'_, f32>)) -> Result<(), E> + 'a;

impl Normalization {
    /// As [`Normalization::fit_channels`], for an image of `channels` channels in parts, in at most
    /// two rounds over them and constant memory.
    ///
    /// `None` for statistics of some sections only, which need the image in one piece.
    ///
    /// Percentiles, minimum and maximum equal those of the image in one piece; sums differ by
    /// rounding.
    ///
    /// # Errors
    /// As [`Normalization::fit_channels`], and what `each` fails with.
    pub fn fit_parts<E: From<AlgorithmError>>(
        &self,
        channels: usize,
        each: &mut EachPart<'_, E>,
    ) -> Result<Option<ChannelScaling>, E> {
        self.check()?;
        let per_channel = self.per_channel();
        let groups = if per_channel { channels } else { 1 };
        let scalings = match self {
            Self::CenterZ(_) => return Ok(None),
            Self::Rescale(method) => vec![method.fit()?],
            Self::MinMax(method) => each_group(summaries(groups, each)?, |summary| {
                method.scaling(summary.low, summary.high)
            })?,
            Self::Standard(method) => {
                let first = moments(groups, [0.0], method.nonzero, each)?;
                let means: Vec<f64> = first.iter().map(Moments::mean).collect();
                let second = moments(groups, means.clone(), method.nonzero, each)?;
                let scalings = second.iter().zip(&means).map(|(squares, &mean)| {
                    squares.check()?;
                    Ok(method.scaling(mean, squares.deviation()))
                });
                scalings.collect::<Result<_, AlgorithmError>>()?
            }
            Self::Percentile(method) => {
                let found = percentiles(groups, [method.low, method.high], each)?;
                (found.into_iter())
                    .map(|[low, high]| method.scaling(low, high))
                    .collect()
            }
        };
        let scaling = if per_channel && !matches!(self, Self::Rescale(_)) {
            ChannelScaling::PerChannel(scalings)
        } else {
            ChannelScaling::Shared(
                scalings
                    .into_iter()
                    .next()
                    .ok_or(AlgorithmError::Empty { what: "the image" })?,
            )
        };
        Ok(Some(scaling))
    }
}

/// Calls `see` with the group and each value of it.
fn each_value<E>(
    groups: usize,
    each: &mut EachPart<'_, E>,
    mut see: impl FnMut(usize, f32),
) -> Result<(), E> {
    each(&mut |part| {
        for (channel, values) in part.axis_iter(Axis(0)).enumerate() {
            let group = channel.min(groups - 1);
            values.iter().for_each(|&value| see(group, value));
        }
    })
}

/// How many values there are, and the smallest and largest finite one.
struct Summary {
    count: usize,
    low: f64,
    high: f64,
}

fn summaries<E>(groups: usize, each: &mut EachPart<'_, E>) -> Result<Vec<Summary>, E> {
    let empty = || Summary {
        count: 0,
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };
    let mut summaries: Vec<Summary> = (0..groups).map(|_| empty()).collect();
    each_value(groups, each, |group, value| {
        let summary = &mut summaries[group];
        summary.count += 1;
        if value.is_finite() {
            summary.low = summary.low.min(f64::from(value));
            summary.high = summary.high.max(f64::from(value));
        }
    })?;
    Ok(summaries)
}

fn each_group(
    summaries: Vec<Summary>,
    scaling: impl Fn(&Summary) -> Scaling,
) -> Result<Vec<Scaling>, AlgorithmError> {
    let scale = |summary: Summary| {
        check_counts(summary.count, usize::from(summary.low <= summary.high))?;
        Ok(scaling(&summary))
    };
    summaries.into_iter().map(scale).collect()
}

fn check_counts(count: usize, finite: usize) -> Result<(), AlgorithmError> {
    let what = "the image";
    match (count, finite) {
        (0, _) => Err(AlgorithmError::Empty { what }),
        (count, 0) => Err(AlgorithmError::NoFiniteSamples { what, count }),
        _ => Ok(()),
    }
}

/// Sums about a centre of the finite values that count.
#[derive(Clone, Default)]
struct Moments {
    count: usize,
    finite: usize,
    used: usize,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn check(&self) -> Result<(), AlgorithmError> {
        check_counts(self.count, self.finite)
    }

    fn mean(&self) -> f64 {
        self.sum / self.used.max(1) as f64
    }

    fn deviation(&self) -> f64 {
        (self.squares / self.used.max(1) as f64).sqrt()
    }
}

fn moments<E>(
    groups: usize,
    centers: impl AsRef<[f64]>,
    nonzero: bool,
    each: &mut EachPart<'_, E>,
) -> Result<Vec<Moments>, E> {
    let mut moments = vec![Moments::default(); groups];
    let centers = centers.as_ref();
    each_value(groups, each, |group, value| {
        let moments = &mut moments[group];
        moments.count += 1;
        if value.is_finite() {
            moments.finite += 1;
            if !(nonzero && value == 0.0) {
                let center = centers.get(group).or(centers.first()).copied();
                let offset = f64::from(value) - center.unwrap_or_default();
                moments.used += 1;
                moments.sum += offset;
                moments.squares += offset * offset;
            }
        }
    })?;
    Ok(moments)
}

/// The bits of a finite value, so that a larger value has a larger number.
fn rank_bits(value: f32) -> u32 {
    // 0 and -0 are equal.
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

fn value_of(rank: u32) -> f64 {
    let bits = if rank >> 31 == 1 {
        rank & !(1 << 31)
    } else {
        !rank
    };
    f64::from(f32::from_bits(bits))
}

/// Percentiles of each group, linear between neighbours in the order of the values.
fn percentiles<E: From<AlgorithmError>>(
    groups: usize,
    percents: [f64; 2],
    each: &mut EachPart<'_, E>,
) -> Result<Vec<[f64; 2]>, E> {
    const DIGIT: usize = 1 << 16;
    let mut upper = vec![vec![0u64; DIGIT]; groups];
    let mut counts = vec![0; groups];
    each_value(groups, each, |group, value| {
        counts[group] += 1;
        if value.is_finite() {
            upper[group][rank_bits(value) as usize >> 16] += 1;
        }
    })?;
    let mut searches = Vec::new();
    for (upper, count) in upper.iter().zip(counts) {
        let finite: u64 = upper.iter().sum();
        check_counts(count, finite.min(1) as usize)?;
        searches.push(percents.map(|percent| Search::new(upper, finite, percent)));
    }
    // The lower digits, counted only below the upper digits that the searches came to.
    let mut lower: Vec<Vec<(usize, Vec<u64>)>> = (searches.iter())
        .map(|searches| {
            let mut digits: Vec<usize> = searches.iter().flat_map(Search::digits).collect();
            digits.sort_unstable();
            digits.dedup();
            digits
                .into_iter()
                .map(|digit| (digit, vec![0; DIGIT]))
                .collect()
        })
        .collect();
    each_value(groups, each, |group, value| {
        if value.is_finite() {
            let rank = rank_bits(value) as usize;
            if let Some((_, counts)) = lower[group]
                .iter_mut()
                .find(|(digit, _)| *digit == rank >> 16)
            {
                counts[rank & (DIGIT - 1)] += 1;
            }
        }
    })?;
    Ok((searches.iter().zip(&lower))
        .map(|(searches, lower)| searches.each_ref().map(|search| search.value(lower)))
        .collect())
}

/// Where in the order a percentile lies: between two neighbours.
struct Search {
    /// Upper digit of each neighbour, and its index among the values that share it.
    neighbours: [(usize, u64); 2],
    fraction: f64,
}

impl Search {
    fn new(upper: &[u64], finite: u64, percent: f64) -> Search {
        let position = (finite - 1) as f64 * percent / 100.0;
        let index = (position.floor() as u64).min(finite - 1);
        let next = (index + 1).min(finite - 1);
        Search {
            neighbours: [index, next].map(|index| place(upper, index)),
            fraction: position - index as f64,
        }
    }

    fn digits(&self) -> impl Iterator<Item = usize> {
        self.neighbours.into_iter().map(|(digit, _)| digit)
    }

    fn value(&self, lower: &[(usize, Vec<u64>)]) -> f64 {
        let [at, next] = self.neighbours.map(|(digit, index)| {
            let counts = lower.iter().find(|(other, _)| *other == digit);
            let low = counts.map_or(0, |(_, counts)| place(counts, index).0);
            value_of((digit << 16 | low) as u32)
        });
        at + (next - at) * self.fraction
    }
}

/// The class that holds the value of an index, and the index within that class.
fn place(counts: &[u64], mut index: u64) -> (usize, u64) {
    for (class, &count) in counts.iter().enumerate() {
        if index < count {
            return (class, index);
        }
        index -= count;
    }
    (counts.len() - 1, 0)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, s};
    use proptest::prelude::*;

    use super::*;
    use crate::exposure::normalize::{MinMax, Percentile, Standard};

    fn fit_in_parts(
        method: &Normalization,
        image: &Array4<f32>,
    ) -> Result<ChannelScaling, AlgorithmError> {
        let height = image.dim().2;
        let scaling = method.fit_parts(image.dim().0, &mut |look| {
            (0..height).for_each(|row| look(image.slice(s![.., .., row..=row, ..])));
            Ok(())
        });
        scaling.map(Option::unwrap)
    }

    proptest! {
        #[test]
        fn parts_give_the_scaling_of_the_whole(
            values in prop::collection::vec(prop_oneof![-1e3f32..1e3, Just(f32::NAN), Just(0.0), Just(-0.0)], 24),
            per_channel: bool,
        ) {
            let image = Array4::from_shape_vec((2, 1, 4, 3), values).unwrap();
            let methods = [
                Normalization::Percentile(Percentile { per_channel, low: 10.0, high: 83.0, ..Percentile::default() }),
                Normalization::MinMax(MinMax { per_channel, ..MinMax::default() }),
                Normalization::Standard(Standard { per_channel, ..Standard::default() }),
                Normalization::Standard(Standard { per_channel, nonzero: true, ..Standard::default() }),
            ];
            for method in methods {
                let whole = method.fit_channels(&image.view().into_dyn());
                let parts = fit_in_parts(&method, &image);
                let (Ok(whole), Ok(parts)) = (&whole, &parts) else {
                    prop_assert_eq!(whole.is_err(), parts.is_err());
                    continue;
                };
                let (mut a, mut b) = (image.clone(), image.clone());
                whole.apply(&mut a.view_mut().into_dyn()).unwrap();
                parts.apply(&mut b.view_mut().into_dyn()).unwrap();
                for (a, b) in a.iter().zip(&b) {
                    prop_assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0) || (a.is_nan() && b.is_nan()), "{} {} {:?}", a, b, method);
                }
            }
        }
    }

    #[test]
    fn an_image_without_numbers_is_refused() {
        let image = Array4::from_elem((1, 1, 2, 2), f32::NAN);
        let error = fit_in_parts(&Normalization::default(), &image).unwrap_err();
        assert!(matches!(
            error,
            AlgorithmError::NoFiniteSamples { count: 4, .. }
        ));
    }
}
