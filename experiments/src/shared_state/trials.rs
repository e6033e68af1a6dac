//! What many trials came to: the answer of those that lose nothing, and how much the others lost.

use harness::environment::usable_cores;
use harness::{Measured, Outcome};

use super::crew::Setting;

/// How many additions each process makes in the points of the sweep: two in a decade, up to `most`.
pub(super) fn sweep(most: u64) -> Vec<u64> {
    let points = (0..).map(|step| 10_f64.powf(f64::from(step) / 2.0).round() as u64);
    points.take_while(|increments| *increments <= most).collect()
}

/// The counters after each trial.
pub(super) struct Trials<'a> {
    pub(super) setting: &'a Setting,
    /// How many times as often as the setting says the processes added.
    pub(super) over: u64,
    /// With fewer additions of each process it need not surprise that nothing is lost.
    pub(super) enough: u64,
    /// What each counter was in the end.
    pub(super) finals: &'a [i64],
    /// The additions of each process at each point of the sweep, and what the counter was.
    pub(super) swept: (&'a [u64], &'a [i64]),
}

impl Trials<'_> {
    fn expected(&self) -> u64 {
        self.setting.expected() * self.over
    }

    /// Of a way that loses nothing: the answer is what every trial came to, or the first that came to something else.
    pub(super) fn safe<T>(&self, measured: Measured<T>) -> Outcome {
        let wrong = self.finals.iter().find(|value| value.cast_unsigned() != self.expected());
        let over = i64::try_from(self.over).unwrap_or(i64::MAX);
        let answer = wrong.map_or_else(|| self.setting.expected().to_string(), |value| format!("{value}/{over}"));
        measured.answer(|_| answer).iterations(self.setting.trials * self.over)
    }

    /// Of a way that may lose updates: what is left of them in each trial, and at each point of the sweep.
    pub(super) fn outcome<T>(&self, measured: Measured<T>) -> Outcome {
        let expected = self.expected();
        let finals: Vec<u64> = self.finals.iter().map(|value| value.cast_unsigned()).collect();
        let lossy = finals.iter().filter(|value| **value < expected).count() as u64;
        let kept = |value: u64, of: u64| (value * 1_000).checked_div(of).unwrap_or(1_000);
        let of_point = |increments: &u64| increments * self.setting.workers;
        let points = self.swept.0.iter().zip(self.swept.1);
        let outcome = measured
            .answer(|_| finals.first().copied().unwrap_or(0).to_string())
            .iterations(self.setting.trials * self.over)
            .fact("expected", expected)
            .fact("lowest_final", finals.iter().copied().min().unwrap_or(0))
            .fact("highest_final", finals.iter().copied().max().unwrap_or(0))
            .fact("kept_thousandths", kept(finals.iter().sum(), expected * finals.len() as u64))
            .series("final_values", finals)
            .series("sweep_increments", self.swept.0.to_vec())
            .series(
                "sweep_kept_thousandths",
                points.map(|(times, value)| kept(value.cast_unsigned(), of_point(times))).collect(),
            )
            .fault_seen(lossy, self.setting.trials);
        match self.no_room(lossy) {
            Some(why) => outcome.no_room(why),
            None => outcome,
        }
    }

    /// Why nothing is lost, if that need not surprise.
    fn no_room(&self, lossy: u64) -> Option<String> {
        let (workers, each) = (self.setting.workers, self.setting.increments * self.over);
        match (workers, each) {
            (1, _) => Some("one process has nobody to lose an update to".to_owned()),
            (_, 0) => Some("nothing is added".to_owned()),
            _ if lossy > 0 => None,
            _ if usable_cores() == 1 => {
                Some(format!("on one core processes take turns, and each made its {each} additions in a single one"))
            }
            _ if each < self.enough => Some(format!("each process made its {each} additions before another began")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_has_two_points_per_decade_up_to_the_most() {
        assert_eq!(sweep(0), [0_u64; 0]);
        assert_eq!(sweep(1), [1]);
        assert_eq!(sweep(1_000), [1, 3, 10, 32, 100, 316, 1_000]);
    }

    fn trials(workers: u64, increments: u64, finals: &[i64]) -> Outcome {
        let setting = Setting { workers, increments, trials: finals.len() as u64, rounds: 1 };
        let measured = Measured::take(|| Ok::<_, std::fmt::Error>(((), Vec::new()))).unwrap();
        Trials { setting: &setting, over: 2, enough: 100, finals, swept: (&[1], &[3]) }.outcome(measured)
    }

    #[test]
    fn what_is_kept_is_told_in_thousandths() {
        let told = format!("{:?}", trials(4, 1_000, &[8_000, 4_000]));
        for part in [r#""expected": 8000"#, r#""kept_thousandths": 750"#, r#""faults": 1"#, r#""lowest_final": 4000"#] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(told.contains(r#""sweep_kept_thousandths": [750]"#) && !told.contains("no_room"), "{told}");
    }

    #[test]
    fn one_process_and_no_addition_leave_no_room() {
        assert!(format!("{:?}", trials(1, 1_000, &[2_000])).contains("nobody to lose"));
        assert!(format!("{:?}", trials(4, 0, &[0])).contains("nothing is added"));
        assert!(format!("{:?}", trials(4, 1, &[8])).contains("no_room"));
        assert!(!format!("{:?}", trials(4, 1, &[7])).contains("no_room"));
    }

    #[test]
    fn a_safe_way_answers_with_what_went_wrong() {
        let setting = Setting { workers: 2, increments: 3, trials: 2, rounds: 1 };
        let answer = |finals: &[i64]| {
            let measured = Measured::take(|| Ok::<_, std::fmt::Error>(((), Vec::new()))).unwrap();
            format!("{:?}", Trials { setting: &setting, over: 5, enough: 0, finals, swept: (&[], &[]) }.safe(measured))
        };
        assert!(answer(&[30, 30]).contains(r#"answer: "6""#));
        assert!(answer(&[30, 29]).contains(r#"answer: "29/5""#));
    }
}
