//! Scores of attacks against scores of honest texts.

/// Both sides, each sorted with the highest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    attacks: Vec<f64>,
    honest: Vec<f64>,
}

impl Curve {
    pub fn new(mut attacks: Vec<f64>, mut honest: Vec<f64>) -> Self {
        for side in [&mut attacks, &mut honest] {
            side.sort_by(|one, other| other.total_cmp(one));
        }
        Self { attacks, honest }
    }

    /// The chance that an attack scores above an honest text, ties counting half (Mann and Whitney
    /// 1947). `None` where one side is empty.
    pub fn auc(&self) -> Option<f64> {
        if self.attacks.is_empty() || self.honest.is_empty() {
            return None;
        }
        let mut won = 0.0;
        for attack in &self.attacks {
            let above = self.honest.partition_point(|honest| honest > attack);
            let ties = self.honest.partition_point(|honest| honest >= attack) - above;
            won += (self.honest.len() - above - ties) as f64 + ties as f64 / 2.0;
        }
        Some(won / (self.attacks.len() as f64 * self.honest.len() as f64))
    }

    /// The score that at most `rate` of the honest texts exceed; what exceeds it is found.
    pub fn threshold(&self, rate: f64) -> f64 {
        let allowed = (rate * self.honest.len() as f64) as usize;
        self.honest.get(allowed).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// The share of attacks above a score.
    pub fn recall_above(&self, threshold: f64) -> Option<f64> {
        let found = self.attacks.partition_point(|attack| *attack > threshold);
        (!self.attacks.is_empty()).then(|| found as f64 / self.attacks.len() as f64)
    }

    /// Points from few false alarms to many: their share, and the share of attacks found.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for index in 0..=self.honest.len() {
            let rate = index as f64 / self.honest.len().max(1) as f64;
            if let Some(recall) = self.recall_above(self.threshold(rate)) {
                points.push((rate, recall));
            }
        }
        points.dedup_by(|next, last| next.1 == last.1);
        points
    }
}

#[cfg(test)]
mod tests {
    use super::Curve;

    #[test]
    fn figures_of_a_small_set_are_those_that_a_person_counts() {
        let curve = Curve::new(vec![0.9, 0.5, 0.4], vec![0.5, 0.1, 0.2, 0.3]);
        // Of 12 pairs the attack wins 10, one is a tie, one is lost.
        assert_eq!(curve.auc(), Some(10.5 / 12.0));
        assert_eq!(curve.recall_above(curve.threshold(0.0)), Some(1.0 / 3.0));
        assert_eq!(curve.recall_above(curve.threshold(0.25)), Some(1.0));
        assert_eq!(Curve::new(vec![], vec![1.0]).auc(), None);
        assert_eq!(Curve::new(vec![1.0], vec![]).recall_above(0.5), Some(1.0));
    }
}
