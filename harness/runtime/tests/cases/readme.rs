//! The table of faults in the crate's README names a case that there is for each of the thirty.

use libtest_mimic::{Failed, Trial};

use super::Case;

const README: &str = include_str!("../../README.md");
const FAULTS: usize = 30;

/// Every row of the table, in order, names at least one case, and each that it names is one of `cases`.
pub(super) fn checked_against(cases: &[Case]) -> Trial {
    let names: Vec<String> = cases.iter().map(|(name, _)| (*name).to_owned()).collect();
    Trial::test("the_table_of_faults_names_cases_that_there_are", move || check(&names))
}

fn check(names: &[String]) -> Result<(), Failed> {
    let mut expected = 1;
    for row in README.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let Ok(number) = cells[1].parse::<usize>() else { continue };
        if number != expected {
            return Err(format!("row {expected} is missing before row {number}").into());
        }
        expected += 1;
        let named: Vec<&str> = cells[cells.len() - 2].split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            return Err(format!("row {number} names no case").into());
        }
        if let Some(unknown) = named.iter().find(|name| !names.iter().any(|known| known == *name)) {
            return Err(format!("row {number} names '{unknown}', which is no case").into());
        }
    }
    if expected <= FAULTS {
        return Err(format!("the table ends before row {expected}").into());
    }
    Ok(())
}
