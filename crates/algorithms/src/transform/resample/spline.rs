//! Interpolating splines as weights of pixels.
//!
//! A spline of degree 2 or more needs its coefficients first, which a recursive filter finds
//! (Unser 1999). Here the filter's response to one pixel is part of the weights instead; it falls
//! below rounding within [`REACH`] pixels.

/// How far the coefficients of a pixel reach.
const REACH: usize = 64;

/// A spline of one degree.
pub(super) struct Spline {
    order: usize,
    /// Coefficients of a single pixel of value 1, that pixel in the middle; `[1]` below degree 2.
    response: Vec<f64>,
}

impl Spline {
    pub(super) fn of(order: u8) -> Self {
        let poles = poles(order);
        if poles.is_empty() {
            return Self {
                order: order.into(),
                response: vec![1.0],
            };
        }
        let mut response = vec![0.0; 2 * REACH + 1];
        response[REACH] = 1.0;
        for pole in poles {
            filter(&mut response, pole);
        }
        Self {
            order: order.into(),
            response,
        }
    }

    /// Pixels, not yet inside the image, and their weights at `place`.
    pub(super) fn taps(&self, place: f64) -> Vec<(isize, f64)> {
        let even = self.order.is_multiple_of(2);
        let middle = if even {
            (place + 0.5).floor()
        } else {
            place.floor()
        };
        let first = middle - (self.order / 2) as f64;
        let reach = (self.response.len() / 2) as isize;
        let mut weights = vec![0.0; self.response.len() + self.order];
        for knot in 0..=self.order {
            let basis = b_spline(place - first - knot as f64, self.order);
            for (weight, part) in weights[knot..].iter_mut().zip(&self.response) {
                *weight += basis * part;
            }
        }
        let start = first as isize - reach;
        let taps = weights.into_iter().zip(start..);
        taps.filter(|(weight, _)| weight.abs() > 1e-18)
            .map(|(weight, index)| (index, weight))
            .collect()
    }
}

fn poles(order: u8) -> Vec<f64> {
    match order {
        2 => vec![8_f64.sqrt() - 3.0],
        3 => vec![3_f64.sqrt() - 2.0],
        4 => {
            let (inner, outer) = (438976_f64.sqrt(), 304_f64.sqrt());
            vec![
                (664.0 - inner).sqrt() + outer - 19.0,
                (664.0 + inner).sqrt() - outer - 19.0,
            ]
        }
        5 => {
            let (inner, outer) = (4436.25_f64.sqrt(), 26.25_f64.sqrt());
            vec![
                (67.5 - inner).sqrt() + outer - 6.5,
                (67.5 + inner).sqrt() - outer - 6.5,
            ]
        }
        _ => Vec::new(),
    }
}

/// The two-sided exponential of a pole, over values that are 0 outside.
fn filter(values: &mut [f64], pole: f64) {
    let gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    let mut state = 0.0;
    for value in values.iter_mut() {
        state = *value * gain + pole * state;
        *value = state;
    }
    // Beyond the last value the causal part decays by the pole; this is its anti-causal sum.
    state *= -pole / (1.0 - pole * pole);
    if let Some((last, rest)) = values.split_last_mut() {
        *last = state;
        for value in rest.iter_mut().rev() {
            state = pole * (state - *value);
            *value = state;
        }
    }
}

/// The B-spline of degree `order` at `x`, its middle at 0.
fn b_spline(x: f64, order: usize) -> f64 {
    let half = f64::midpoint(order as f64, 1.0);
    if order == 0 {
        return f64::from((-0.5..0.5).contains(&x));
    }
    // Terms of the smaller side only: the other side cancels badly.
    let x = -x.abs();
    let mut sum = 0.0;
    let mut binomial = 1.0;
    for knot in 0..=order + 1 {
        let base = x + half - knot as f64;
        if base <= 0.0 {
            break;
        }
        sum += binomial * base.powi(order as i32);
        binomial *= -((order + 1 - knot) as f64) / (knot as f64 + 1.0);
    }
    let factorial: f64 = (1..=order).map(|n| n as f64).product();
    sum / factorial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splines_pass_through_the_pixels_and_keep_straight_lines() {
        for order in 0..=5 {
            let spline = Spline::of(order);
            for (index, weight) in spline.taps(7.0) {
                let expected = f64::from(index == 7);
                assert!(
                    (weight - expected).abs() < 1e-12,
                    "{order} {index} {weight}"
                );
            }
            if order > 0 {
                let line: f64 = spline.taps(3.3).iter().map(|(i, w)| *i as f64 * w).sum();
                assert!((line - 3.3).abs() < 1e-10, "{order} {line}");
            }
        }
    }
}
