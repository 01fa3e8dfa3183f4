//! Streams of outcomes with known truth, drawn from fixed seeds.

/// A seeded generator (SplitMix64): the same seed draws the same stream on any machine.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A stream of its own per experiment and number.
    pub fn new(experiment: u64, stream: u64) -> Self {
        let mut draw =
            Self(experiment.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        draw.next();
        draw
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One outcome at a rate.
    pub fn hit(&mut self, rate: f64) -> bool {
        self.unit() < rate
    }

    /// One of `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// One outcome of each arm, as a method sees it when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The baseline's run succeeded.
    pub baseline: bool,
    /// The candidate's run succeeded.
    pub candidate: bool,
}

/// The truth a stream is drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Truth {
    /// Independent outcomes at these rates.
    Independent { baseline: f64, candidate: f64 },
    /// The candidate's rate changes after so many runs.
    Drifting { baseline: f64, before: f64, after: f64, at: u64 },
    /// Runs come in clusters of this size that share their luck: within one, all outcomes are the same with
    /// probability `alike`, else independent.
    Clustered { baseline: f64, candidate: f64, size: u64, alike: f64 },
    /// The candidate's failures lack a label with this probability, and what has none is not seen.
    Missing { baseline: f64, candidate: f64, lost: f64 },
    /// This share of the candidate's successes is rescued later; a method that does not wait sees them as successes.
    Flattered { baseline: f64, candidate: f64, late: f64 },
}

/// A stream being drawn.
#[derive(Clone, Debug)]
pub struct Stream {
    draw: Draw,
    truth: Truth,
    drawn: u64,
    alike: (Option<bool>, Option<bool>),
    /// Outcomes of the candidate that nobody sees.
    pub lost: u64,
}

impl Stream {
    /// The stream of a number in an experiment.
    pub fn new(truth: Truth, experiment: u64, stream: u64) -> Self {
        Self { draw: Draw::new(experiment, stream), truth, drawn: 0, alike: (None, None), lost: 0 }
    }

    /// The next pair.
    pub fn next(&mut self) -> Pair {
        let k = self.drawn;
        self.drawn += 1;
        let draw = &mut self.draw;
        match self.truth {
            Truth::Independent { baseline, candidate } => {
                Pair { baseline: draw.hit(baseline), candidate: draw.hit(candidate) }
            }
            Truth::Drifting { baseline, before, after, at } => {
                Pair { baseline: draw.hit(baseline), candidate: draw.hit(if k < at { before } else { after }) }
            }
            Truth::Clustered { baseline, candidate, size, alike } => {
                if k.is_multiple_of(size) {
                    let mut shared = |rate: f64| draw.hit(alike).then(|| draw.hit(rate));
                    self.alike = (shared(baseline), shared(candidate));
                }
                let (a, b) = self.alike;
                Pair {
                    baseline: a.unwrap_or_else(|| draw.hit(baseline)),
                    candidate: b.unwrap_or_else(|| draw.hit(candidate)),
                }
            }
            Truth::Missing { baseline, candidate, lost } => loop {
                let success = draw.hit(candidate);
                if success || !draw.hit(lost) {
                    break Pair { baseline: draw.hit(baseline), candidate: success };
                }
                self.lost += 1;
            },
            Truth::Flattered { baseline, candidate, late } => {
                // Its true rate is `candidate`; what is rescued later still looks like a success.
                let seen = candidate + late * (1.0 - candidate);
                Pair { baseline: draw.hit(baseline), candidate: draw.hit(seen) }
            }
        }
    }
}
