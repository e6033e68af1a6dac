//! How numbers are put into words: three digits where they mean something, one unit, no more.

use record::Interval;

/// A ratio as it stands in prose.
///
/// ```
/// assert_eq!(plots::words::ratio(3.14), "3.1x");
/// assert_eq!(plots::words::ratio(0.617), "0.62x");
/// assert_eq!(plots::words::ratio(34.6), "35x");
/// ```
pub fn ratio(value: f64) -> String {
    format!("{value:.*}x", ratio_digits(value))
}

/// The two ends of an interval of ratios, with as many digits as tell them apart, four at most.
///
/// ```
/// let interval = record::Interval { low: 34.7, mid: 35.0, high: 35.3, n: 10 };
/// assert_eq!(plots::words::ratio_interval(&interval), "34.7x to 35.3x");
/// ```
pub fn ratio_interval(interval: &Interval) -> String {
    span(interval.low, interval.high, ratio_digits(interval.mid), "x")
}

/// A time in nanoseconds as it stands in prose.
///
/// ```
/// assert_eq!(plots::words::time(182_400_000.0), "182 ms");
/// assert_eq!(plots::words::time(950.0), "950 ns");
/// ```
pub fn time(ns: f64) -> String {
    scaled(ns, TIMES)
}

/// The two ends of an interval of nanoseconds, both in the unit of the upper one.
///
/// ```
/// let interval = record::Interval { low: 180e6, mid: 182e6, high: 185e6, n: 20 };
/// assert_eq!(plots::words::time_interval(&interval), "180 ms to 185 ms");
/// ```
pub fn time_interval(interval: &Interval) -> String {
    let (size, unit) = unit_of(interval.high, TIMES);
    span(interval.low / size, interval.high / size, digits(interval.mid / size), &format!(" {unit}"))
}

/// A number of bytes in decimal units.
///
/// ```
/// assert_eq!(plots::words::bytes(54_000_000.0), "54.0 MB");
/// assert_eq!(plots::words::bytes(12.0), "12 B");
/// ```
pub fn bytes(count: f64) -> String {
    scaled(count, SIZES)
}

/// A bandwidth in bytes per nanosecond, which are decimal gigabytes per second.
///
/// ```
/// assert_eq!(plots::words::bandwidth(11.24), "11 GB/s");
/// assert_eq!(plots::words::bandwidth(5.62), "5.6 GB/s");
/// assert_eq!(plots::words::bandwidth(0.75), "0.75 GB/s");
/// assert_eq!(plots::words::bandwidth(0.0774), "77 MB/s");
/// ```
pub fn bandwidth(bytes_per_ns: f64) -> String {
    let digits = match bytes_per_ns {
        value if value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        value if value >= 0.0995 => 2,
        value => return format!("{:.0} MB/s", value * 1e3),
    };
    format!("{bytes_per_ns:.digits$} GB/s")
}

/// An integer with a comma between thousands.
///
/// ```
/// assert_eq!(plots::words::count(1_048_576), "1,048,576");
/// ```
pub fn count(value: u64) -> String {
    let plain = value.to_string();
    let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
    for (place, digit) in plain.chars().enumerate() {
        if place > 0 && (plain.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun in the right number.
///
/// ```
/// assert_eq!(plots::words::plural(1, "block"), "1 block");
/// assert_eq!(plots::words::plural(10, "block"), "10 blocks");
/// ```
pub fn plural(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

type Units = &'static [(f64, &'static str)];

const TIMES: Units = &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
const SIZES: Units = &[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")];

fn scaled(value: f64, units: Units) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (size, unit) = unit_of(value, units);
    let value = value / size;
    // Nothing that is counted here comes in fractions of its smallest unit.
    let digits = if size == 1.0 { 0 } else { digits(value) };
    format!("{value:.digits$} {unit}")
}

fn unit_of(value: f64, units: Units) -> (f64, &'static str) {
    // 999.6 of a unit would be printed as 1000 of it.
    let fits = units.iter().rev().find(|(size, _)| value >= 0.9995 * size);
    *fits.unwrap_or(&units[0])
}

fn digits(value: f64) -> usize {
    match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    }
}

fn ratio_digits(value: f64) -> usize {
    match value.abs() {
        value if value >= 9.95 => 0,
        value if value >= 1.995 => 1,
        value if value >= 0.0995 => 2,
        value if value >= 0.00995 => 3,
        _ => 4,
    }
}

fn span(low: f64, high: f64, digits: usize, unit: &str) -> String {
    for digits in digits..4 {
        let (low, high) = (format!("{low:.digits$}"), format!("{high:.digits$}"));
        if low != high {
            return format!("{low}{unit} to {high}{unit}");
        }
    }
    format!("{low:.4}{unit} to {high:.4}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_changes_before_it_would_print_a_thousand() {
        assert_eq!(time(999_400.0), "999 µs");
        assert_eq!(time(999_600.0), "1.00 ms");
        assert_eq!(time(0.0), "0");
        assert_eq!(bytes(1_073_741_824.0), "1.07 GB");
    }

    #[test]
    fn digits_do_not_jump_where_rounding_crosses_a_power_of_ten() {
        assert_eq!(ratio(9.96), "10x");
        assert_eq!(ratio(1.999), "2.0x");
        assert_eq!([0.0998, 0.02, 0.0047].map(ratio), ["0.10x", "0.020x", "0.0047x"]);
        assert_eq!(time(9_999_000.0), "10.0 ms");
    }

    #[test]
    fn an_interval_shows_that_it_has_two_ends() {
        let narrow = Interval { low: 35.02, mid: 35.03, high: 35.04, n: 3 };
        assert_eq!(ratio_interval(&narrow), "35.02x to 35.04x");
        let point = Interval { low: 1.0, mid: 1.0, high: 1.0, n: 3 };
        assert_eq!(ratio_interval(&point), "1.0000x to 1.0000x");
    }

    #[test]
    fn thousands_are_grouped_from_the_right() {
        for (value, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(count(value), expected);
        }
    }
}
