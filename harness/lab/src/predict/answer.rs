//! What is answered about one workload: times with their error bands, which way to take, and from where on processes win.

use harness::model::fit::Fitted;
use harness::model::{Bound, Breakdown, Constants, Way, Workload};
use multiprocess::StartMethod;
use record::model::quantile;
use serde::Serialize;

/// The share of the held-out errors that lie within a band.
const BAND: f64 = 0.9;

/// Beyond so many items, or so many nanoseconds an item, nobody waits for the break-even.
const ITEMS_AT_MOST: u64 = 1 << 40;
const ITEM_NS_AT_MOST: f64 = 1e15;

/// The answer, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) workload: Workload,
    pub(super) start_method: &'static str,
    pub(super) tasks: u64,
    pub(super) serial: Estimate,
    pub(super) threads: Estimate,
    pub(super) processes: Estimate,
    /// Where the time of the processes goes.
    pub(super) parts: Breakdown,
    /// Which of the three is the fastest.
    pub(super) best: &'static str,
    /// Whether the bands of the best and the next best overlap.
    pub(super) close: bool,
    /// What the processes wait for most.
    pub(super) bound: Bound,
    pub(super) break_even: BreakEven,
    /// What of the workload is more than any that the model was tried on, each with the most that was: there its error is not known.
    pub(super) beyond: Vec<String>,
    /// The median held-out error of the model.
    pub(super) median_error: Option<f64>,
    pub(super) run: String,
    pub(super) reference: bool,
    pub(super) stale: bool,
    pub(super) elsewhere: bool,
    /// The constants, with the fewer of the campaign's cores and of those that can be used now.
    pub(super) constants: Constants,
    /// How many cores the campaign could use.
    pub(super) campaign_cores: u64,
    /// How many can be used now.
    pub(super) usable_cores: u64,
    /// The constants that the rows of the campaign do not determine.
    pub(super) assumed: Vec<String>,
}

/// A time with its band.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Estimate {
    pub(super) ns: f64,
    /// Nine of ten held-out sets lay within a band as wide; none if nothing was held out.
    pub(super) low_ns: Option<f64>,
    pub(super) high_ns: Option<f64>,
}

/// From where on processes are faster than the loop, everything else as it is; none if they never are.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct BreakEven {
    /// The fewest items.
    pub(super) items: Option<u64>,
    /// The least work per item, in nanoseconds.
    pub(super) item_ns: Option<f64>,
}

impl Answer {
    pub(super) fn of(workload: &Workload, method: StartMethod, fitted: &Fitted, usable_cores: u64) -> Self {
        let (report, campaign_cores) = (&fitted.report, fitted.constants.cores);
        let constants = &Constants { cores: campaign_cores.min(usable_cores).max(1), ..fitted.constants };
        let processes = Way::processes(method);
        let estimate = |way: Way| {
            let ns = constants.time(workload, way);
            // As a factor, because a time that is half of what was said is as far off as one that is twice as long.
            let points = report.held_out.iter().filter(|point| point.way == way.name());
            let mut factors: Vec<f64> = points.map(|point| (1.0 + point.error()).ln().abs()).collect();
            factors.sort_by(f64::total_cmp);
            let factor = quantile(&factors, BAND).map(f64::exp);
            Estimate { ns, low_ns: factor.map(|factor| ns / factor), high_ns: factor.map(|factor| ns * factor) }
        };
        let mut ways = [
            ("serial", estimate(Way::Serial)),
            ("threads", estimate(Way::Threads)),
            ("processes", estimate(processes)),
        ];
        let [(_, serial), (_, threads), (_, in_processes)] = ways;
        ways.sort_by(|one, other| one.1.ns.total_cmp(&other.1.ns));
        let assumed = report.constants.iter().filter(|constant| constant.assumed);
        let overlap = ways[0].1.high_ns.zip(ways[1].1.low_ns).is_none_or(|(high, low)| high >= low);
        Self {
            workload: *workload,
            start_method: method.name(),
            tasks: workload.tasks(),
            serial,
            threads,
            processes: in_processes,
            parts: constants.processes(workload, method),
            best: ways[0].0,
            close: overlap,
            bound: constants.bound(workload, method),
            break_even: BreakEven::of(workload, processes, constants),
            beyond: beyond(workload, fitted),
            median_error: report.median_error,
            run: report.run.clone(),
            reference: report.reference,
            stale: report.stale,
            elsewhere: report.elsewhere,
            constants: *constants,
            campaign_cores,
            usable_cores,
            assumed: assumed.map(|constant| constant.name.clone()).collect(),
        }
    }
}

/// What of the workload is more than any set of the campaign had.
fn beyond(workload: &Workload, fitted: &Fitted) -> Vec<String> {
    let report = &fitted.report;
    let most = |name: &str| {
        let points = report.residuals.iter().chain(&report.held_out);
        points.filter_map(|point| point.params.get(name).copied()).max().unwrap_or(0) as f64
    };
    let asked = [
        ("items", workload.items as f64, most("items")),
        ("us of work per item", workload.item_ns / 1e3, most("additions") * fitted.constants.addition_ns / 1e3),
        ("bytes in", workload.bytes_in as f64, most("bytes_in")),
        ("bytes out", workload.bytes_out as f64, most("bytes_out")),
        ("workers", workload.workers as f64, most("workers")),
    ];
    let more = asked.into_iter().filter(|(_, asked, most)| asked > most);
    more.map(|(name, asked, most)| format!("{} {name}, where at most {} were tried", number(asked), number(most)))
        .collect()
}

/// A number with no more digits behind the point than tell something.
fn number(value: f64) -> String {
    let digits = if value.fract() == 0.0 || value >= 100.0 { 0 } else { 2 };
    format!("{value:.digits$}")
}

impl BreakEven {
    fn of(workload: &Workload, processes: Way, constants: &Constants) -> Self {
        let wins = |workload: &Workload| constants.time(workload, processes) < constants.time(workload, Way::Serial);
        // Found by halving on a scale of logarithms, as if there were but one place where it turns; where a round of tasks begins there may
        // be another.
        let at_items = |items: u64| wins(&Workload { items, ..*workload });
        let items = at_items(ITEMS_AT_MOST).then(|| {
            let (mut loses, mut enough) = (0, ITEMS_AT_MOST);
            while enough - loses > 1 {
                let middle = ((loses.max(1) as f64 * enough as f64).sqrt() as u64).clamp(loses + 1, enough - 1);
                *if at_items(middle) { &mut enough } else { &mut loses } = middle;
            }
            enough
        });
        let at_cost = |item_ns: f64| wins(&Workload { item_ns, ..*workload });
        let item_ns = (workload.items > 0 && at_cost(ITEM_NS_AT_MOST)).then(|| {
            let (mut loses, mut enough) = (0.1, ITEM_NS_AT_MOST);
            while enough / loses > 1.001 {
                let middle = f64::sqrt(loses * enough);
                *if at_cost(middle) { &mut enough } else { &mut loses } = middle;
            }
            enough
        });
        Self { items, item_ns }
    }
}
