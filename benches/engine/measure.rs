//! Time for one run of something small, found by many rounds of many runs.
//!
//! The figure is the fastest round: what else the machine does can only add time. The median tells
//! how quiet the machine was.

use std::time::{Duration, Instant};

/// Rounds of one measurement. Two things that are compared take turns.
const ROUNDS: usize = 200;

/// How long one round should take: short, so that some rounds find the machine quiet.
const ROUND: Duration = Duration::from_millis(1);

/// The time for one run.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) best: Duration,
    pub(crate) median: Duration,
}

impl Timing {
    pub(crate) fn best_us(self) -> f64 {
        self.best.as_secs_f64() * 1e6
    }

    /// How many times as long as `other` this takes.
    pub(crate) fn times(self, other: Self) -> f64 {
        self.best.as_secs_f64() / other.best.as_secs_f64()
    }

    fn of(mut rounds: Vec<Duration>) -> Self {
        rounds.sort_unstable();
        let at = |index: usize| rounds.get(index).copied().unwrap_or_default();
        Self { best: at(0), median: at(rounds.len() / 2) }
    }
}

/// Measures one thing.
pub(crate) async fn measure(mut run: impl AsyncFnMut()) -> Timing {
    let runs = runs_in_a_round(&mut run).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(runs, &mut run).await);
    }
    Timing::of(rounds)
}

/// Measures two things in turns, so that a busy moment of the machine meets both.
pub(crate) async fn compare(
    mut one: impl AsyncFnMut(),
    mut other: impl AsyncFnMut(),
) -> (Timing, Timing) {
    let runs = (runs_in_a_round(&mut one).await, runs_in_a_round(&mut other).await);
    let mut rounds = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rounds.0.push(round(runs.0, &mut one).await);
        rounds.1.push(round(runs.1, &mut other).await);
    }
    (Timing::of(rounds.0), Timing::of(rounds.1))
}

async fn runs_in_a_round(run: &mut impl AsyncFnMut()) -> u32 {
    let mut runs = 1;
    loop {
        let one = round(runs, run).await;
        if one * runs >= ROUND / 2 {
            let fitting = ROUND.as_secs_f64() / one.as_secs_f64().max(1e-9);
            return (fitting as u32).max(1);
        }
        runs *= 2;
    }
}

async fn round(runs: u32, run: &mut impl AsyncFnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        run().await;
    }
    start.elapsed() / runs
}
