//! The one place that asks for the date; intervals are measured with `Instant` instead.

/// The current time in UTC, RFC 3339 to the second, as records and file names carry it.
///
/// ```
/// assert!(record::now().ends_with('Z'));
/// ```
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
