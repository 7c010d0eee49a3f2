//! Learning rates of all schedules at chosen positions.

use super::*;

fn at(schedule: &dyn Schedule, position: f64, epochs: usize) -> f64 {
    let moment = Moment {
        position,
        epochs,
        steps_per_epoch: 10,
        warmup_epochs: 0,
        scores: &[],
    };
    schedule.pace(&moment).factor
}

#[test]
fn factors_at_telling_positions() {
    let step = WarmUp {
        epochs: 2,
        start: 0.0,
        then: Box::new(Step {
            every_epochs: 3,
            factor: 0.5,
        }),
    };
    let found = [0.0, 1.0, 2.0, 3.0, 5.9, 6.0].map(|position| at(&step, position, 10));
    assert_eq!(found, [0.01, 0.5, 1.0, 0.5, 0.5, 0.25]);
    let cosine = Cosine {
        minimum: 0.2,
        epochs: None,
    };
    assert_eq!(at(&cosine, 0.0, 10), 1.0);
    assert!((at(&cosine, 5.0, 10) - 0.6).abs() < 1e-12);
    assert!((at(&cosine, 10.0, 10) - 0.2).abs() < 1e-12);
    let exponential = Exponential { factor: 0.9 };
    assert!((at(&exponential, 2.7, 10) - 0.81).abs() < 1e-12);
    let constant = WarmUp {
        epochs: 4,
        start: 0.0,
        then: Box::new(Constant {}),
    };
    assert_eq!(at(&constant, 1.0, 10), 0.25);
}

#[test]
fn a_schedule_that_spans_the_run_begins_after_the_warm_up() {
    let warm = |then: Box<dyn Schedule>| WarmUp {
        epochs: 2,
        start: 0.1,
        then,
    };
    let cosine = warm(Box::<Cosine>::default());
    assert!((at(&cosine, 0.0, 10) - 0.1).abs() < 1e-12);
    assert_eq!(at(&cosine, 2.0, 10), 1.0);
    assert!((at(&cosine, 6.0, 10) - 0.5).abs() < 1e-12);
    let linear = warm(Box::<Linear>::default());
    assert!((at(&linear, 6.0, 10) - 0.5).abs() < 1e-12);
}

#[test]
fn one_cycle_ends_with_the_last_step_and_cycles_the_momentum() {
    let cycle = OneCycle::default();
    let pace = |step: usize| {
        cycle.pace(&Moment {
            position: step as f64 / 10.0,
            epochs: 4,
            steps_per_epoch: 10,
            warmup_epochs: 0,
            scores: &[],
        })
    };
    assert!((pace(0).factor - 0.04).abs() < 1e-12);
    let peak = pace(11);
    assert!(
        (peak.factor - 1.0).abs() < 1e-12 && (peak.momentum.unwrap_or(0.0) - 0.85).abs() < 1e-12
    );
    let last = pace(39);
    assert!(
        (last.factor - 4e-6).abs() < 1e-15 && (last.momentum.unwrap_or(0.0) - 0.95).abs() < 1e-12
    );
    // Too short for a rise.
    assert!(at(&cycle, 0.0, 0).is_finite());
}

#[test]
fn a_plateau_waits_drops_and_cools_down() {
    let plateau = Plateau {
        factor: 0.5,
        patience: 1,
        cooldown: 2,
        minimum: 0.25,
        ..Plateau::default()
    };
    let after = |scores: &[f64]| {
        let moment = Moment {
            position: scores.len() as f64,
            epochs: 20,
            steps_per_epoch: 1,
            warmup_epochs: 0,
            scores,
        };
        plateau.pace(&moment).factor
    };
    let scores = [
        f64::NAN,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
        1.0,
    ];
    let found: Vec<f64> = (0..=scores.len())
        .map(|done| after(&scores[..done]))
        .collect();
    let expected = [
        1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25,
    ];
    assert_eq!(found, expected);
}
