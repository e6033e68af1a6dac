//! The cost model as a page shows it: its errors first, then its constants, and what it was tried on.

use record::model::quantile;
use record::{ModelPoint, ModelReport};

use super::value::date;
use crate::{Cell, Column, Markup, Table, words};

/// The errors, the constants, and every held-out set; or that there is no campaign yet.
pub(super) fn model(report: Option<&ModelReport>) -> Markup {
    let Some(report) = report else {
        return Markup::element("p", "unmeasured", Markup::text("not measured yet: run cargo lab predict --fit"));
    };
    let whose = match (report.reference, report.elsewhere) {
        (true, _) => "a committed reference",
        (false, true) => "another machine",
        (false, false) => "this machine",
    };
    let stale = if report.stale { " The code has changed since." } else { "" };
    let (cpu, beside, day) = (&report.cpu, report.beside(), date(&report.started));
    let source = format!("Fitted to {whose}, {cpu}, {beside}; {day}, run {}.{stale}", report.run);
    let parts = [errors(report).html(), constants(report).html(), held_out(report).html()];
    let source = Markup::element("p", "", Markup::text(&source));
    Markup::element("div", "model", parts.into_iter().fold(source, Markup::then))
}

/// The ways there are, in the order in which they first come.
fn ways(report: &ModelReport) -> Vec<&str> {
    let mut ways: Vec<&str> = Vec::new();
    for point in report.residuals.iter().chain(&report.held_out) {
        if !ways.contains(&point.way.as_str()) {
            ways.push(&point.way);
        }
    }
    ways
}

fn errors(report: &ModelReport) -> Table {
    let columns = ["fitted: median", "90 %", "worst", "held out: median", "90 %", "worst"];
    let row = |name: Cell, way: Option<&str>| {
        let mut cells = vec![name];
        for errors in [report.residual_errors(way), report.errors(way)] {
            cells.extend([0.5, 0.9, 1.0].map(|share| Cell::or_none(quantile(&errors, share).map(percent))));
        }
        cells
    };
    let mut rows: Vec<Vec<Cell>> =
        ways(report).into_iter().map(|way| row(Cell::Code(way.to_owned()), Some(way))).collect();
    rows.push(row(Cell::Text("all".to_owned()), None));
    Table {
        caption: Some("By how much the model is off, without the sign".to_owned()),
        columns: std::iter::once(Column::left("way")).chain(columns.map(Column::right)).collect(),
        rows,
    }
}

fn constants(report: &ModelReport) -> Table {
    let row = |constant: &record::ModelConstant| {
        let value = match constant.unit.as_str() {
            // A byte costs less than the smallest unit of time that words are made of.
            "ns" if constant.value < 100.0 => format!("{:.2} ns", constant.value),
            "ns" => words::time(constant.value),
            "x" => words::ratio(constant.value),
            _ => words::count(constant.value as u64),
        };
        let assumed = if constant.assumed { "; assumed: not determined by these rows" } else { "" };
        vec![Cell::Code(constant.name.clone()), Cell::Text(value), Cell::Text(format!("{}{assumed}", constant.about))]
    };
    Table {
        caption: Some("What it found things to cost".to_owned()),
        columns: vec![Column::left("constant"), Column::right("value"), Column::left("what it is")],
        rows: report.constants.iter().map(row).collect(),
    }
}

fn held_out(report: &ModelReport) -> Table {
    let named = ["items", "additions", "bytes in", "bytes out", "workers", "chunksize"];
    let ways = ways(report);
    let mut sets: Vec<u32> = report.held_out.iter().map(|point| point.set).collect();
    sets.dedup();
    let row = |set: &u32| {
        let of_set: Vec<&ModelPoint> = report.held_out.iter().filter(|point| point.set == *set).collect();
        let number = |name: &str| of_set[0].params.get(&name.replace(' ', "_")).map(|value| words::count(*value));
        let told = |way: &&str| {
            let point = of_set.iter().find(|point| point.way == **way);
            Cell::or_none(
                point.map(|point| format!("{} {:+.0} %", words::time(point.measured_ns), 100.0 * point.error())),
            )
        };
        let cells = named.iter().map(|name| Cell::or_none(number(name)));
        cells.chain(ways.iter().map(told)).collect()
    };
    Table {
        caption: Some("What it was not fitted to: measured, and by how much the model is off".to_owned()),
        columns: named.into_iter().chain(ways.iter().copied()).map(Column::right).collect(),
        rows: sets.iter().map(row).collect(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use record::ModelConstant;

    use super::*;

    fn point(set: u32, way: &str, predicted_ns: f64) -> ModelPoint {
        let params = [("items".to_owned(), 20_000), ("bytes_in".to_owned(), 7)].into();
        ModelPoint { set, way: way.to_owned(), params, measured_ns: 2e6, predicted_ns, ..ModelPoint::default() }
    }

    fn report() -> ModelReport {
        let constant = |name: &str, value: f64, unit: &str| ModelConstant {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            about: "a < b".to_owned(),
            assumed: name == "byte",
        };
        ModelReport {
            run: "2026-model-1".to_owned(),
            started: "2026-01-02T03:04:05Z".to_owned(),
            cpu: "A processor".to_owned(),
            cores: 4,
            load: Some(0.25),
            reference: false,
            stale: false,
            elsewhere: false,
            constants: vec![
                constant("cores", 4.0, ""),
                constant("crowding", 1.25, "x"),
                constant("byte", 0.375, "ns"),
                constant("message", 5_500.0, "ns"),
            ],
            residuals: vec![point(0, "serial", 2.02e6), point(0, "threads", 2e6)],
            held_out: vec![point(1, "serial", 1.5e6), point(1, "threads", 2.2e6), point(2, "serial", 2.1e6)],
            median_error: Some(0.1),
        }
    }

    #[test]
    fn the_model_shows_errors_constants_and_what_it_was_tried_on() {
        let page = model(Some(&report()));
        for part in [
            "Fitted to this machine, A processor, 4 cores, load 0.2 when it began; 2026-01-02, run 2026-model-1.",
            "<td class=\"number\">25.0 %</td>",
            "0.38 ns",
            "5.50 µs",
            "1.25x",
            "<td>a &lt; b</td>",
            "a &lt; b; assumed: not determined by these rows",
            "20,000",
            "2.00 ms -25 %",
            "2.00 ms +10 %",
        ] {
            assert!(page.as_str().contains(part), "{part} is missing in {}", page.as_str());
        }
        assert!(!page.as_str().contains("has changed"));
        let stale = model(Some(&ModelReport { stale: true, ..report() }));
        assert!(stale.as_str().contains("run 2026-model-1. The code has changed since."));
        // The second set was not done by threads.
        assert!(held_out(&report()).rows[1].contains(&Cell::none()));
    }

    #[test]
    fn without_a_campaign_the_page_says_what_to_run() {
        assert!(model(None).as_str().contains("cargo lab predict --fit"));
    }
}
