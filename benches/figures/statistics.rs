//! Medians, and how far what they stand for is spread.

/// The middle of many figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) quarter: f64,
    pub(crate) median: f64,
    pub(crate) three_quarters: f64,
    /// Of times: the least of them; of added times: the least less the least of the bare. What a busy machine does adds to the
    /// others, and to this hardly anything.
    pub(crate) fastest: Option<f64>,
}

/// The quartiles of some figures.
pub(crate) fn spread(figures: impl IntoIterator<Item = f64>) -> Spread {
    let mut sorted: Vec<f64> = figures.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    Spread { quarter: at(0.25), median: at(0.5), three_quarters: at(0.75), fastest: None }
}

/// The quartiles of some times.
pub(crate) fn times(figures: &[f64]) -> Spread {
    Spread { fastest: Some(least(figures)), ..spread(figures.iter().copied()) }
}

/// Within each round, by how much the one is more than the other.
pub(crate) fn added(more: &[f64], bare: &[f64]) -> Spread {
    let fastest = Some(least(more) - least(bare));
    Spread { fastest, ..spread(more.iter().zip(bare).map(|(more, bare)| more - bare)) }
}

fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Within each round, how many times the one is the other.
pub(crate) fn ratio(of: &[f64], to: &[f64]) -> Spread {
    spread(of.iter().zip(to).map(|(of, to)| of / to))
}

/// Measures in turns: each of `count` ways once a round, each round beginning with another one. A list of figures for each way,
/// in the order of the rounds.
pub(crate) fn in_turns(count: usize, rounds: usize, mut measure: impl FnMut(usize) -> f64) -> Vec<Vec<f64>> {
    let mut figures = vec![Vec::with_capacity(rounds); count];
    for round in 0..rounds {
        for turn in 0..count {
            let way = (round + turn) % count;
            figures[way].push(measure(way));
        }
    }
    figures
}
