//! Whether what a chapter includes is there. mdbook reports a missing file, but includes nothing for a missing anchor.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::directive::{Directive, directives};
use crate::shelf::unknown;

/// Everything that is wrong with the includes of a chapter whose file is in `folder`, each with the number of its line.
pub(super) fn faults(chapter: &str, folder: &Path) -> Vec<(usize, String)> {
    let includes =
        directives(chapter).into_iter().filter(|one| matches!(one.name, "include" | "rustdoc_include" | "playground"));
    includes.filter_map(|include| Some((include.line, format!("{:#}", check(&include, folder).err()?)))).collect()
}

fn check(include: &Directive<'_>, folder: &Path) -> Result<()> {
    let target = include.arguments.first().context("an include without a file")?;
    let (file, part) = match target.split_once(':') {
        Some((file, part)) if include.name != "playground" => (file, part),
        _ => (*target, ""),
    };
    let text = std::fs::read_to_string(folder.join(file)).with_context(|| format!("cannot include '{file}'"))?;
    let mut numbers = part.split(':').map(|number| (number, number.parse::<usize>()));
    match numbers.next() {
        Some((anchor, Err(_))) if !anchor.is_empty() => anchored(&text, file, anchor),
        first => {
            let start = first.and_then(|(_, number)| number.ok()).unwrap_or(1);
            let end = numbers.next().and_then(|(_, number)| number.ok()).unwrap_or(start);
            let lines = text.lines().count();
            ensure!(start.max(end) <= lines.max(1), "'{file}' has {lines} lines, not {}", start.max(end));
            ensure!(start <= end, "'{target}' ends before it begins");
            Ok(())
        }
    }
}

fn anchored(text: &str, file: &str, anchor: &str) -> Result<()> {
    let begins: Vec<&str> = text.lines().filter_map(|line| name_after(line, "ANCHOR:")).collect();
    if !begins.contains(&anchor) {
        return Err(unknown(&format!("anchor of '{file}'"), anchor, begins.into_iter()));
    }
    if !text.lines().any(|line| name_after(line, "ANCHOR_END:") == Some(anchor)) {
        bail!("anchor '{anchor}' of '{file}' has no ANCHOR_END");
    }
    Ok(())
}

/// The name that follows `mark`, as mdbook reads it.
fn name_after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let (_, name) = line.split_once(mark)?;
    let name = name.trim_start();
    let end = name.find(|character: char| !character.is_alphanumeric() && !matches!(character, '_' | '-'));
    Some(&name[..end.unwrap_or(name.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let code = "fn a() {}\n// ANCHOR: body\nfn b() {}\n// ANCHOR_END: body\n// ANCHOR: open\n";
        std::fs::write(folder.path().join("code.rs"), code).unwrap();
        folder
    }

    #[test]
    fn what_is_there_is_accepted() {
        let chapter = "{{#include code.rs}}\n{{#rustdoc_include code.rs:body}}\n{{#include code.rs:2:3}}\n\
                       {{#include code.rs::3}}\n{{#include code.rs:4}}\n{{#playground code.rs editable}}\n\\{{#include no.rs}}\n";
        assert_eq!(faults(chapter, folder().path()), []);
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        let chapter =
            "{{#include no.rs}}\n{{#include code.rs:bodies}}\n{{#include code.rs:open}}\n{{#include code.rs:4:9}}\n";
        let faults = faults(chapter, folder().path());
        assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(faults[0].1.contains("cannot include 'no.rs'"), "{faults:?}");
        assert!(faults[1].1.contains("unknown anchor of 'code.rs' 'bodies'; allowed: body, open"), "{faults:?}");
        assert!(faults[2].1.contains("has no ANCHOR_END"), "{faults:?}");
        assert!(faults[3].1.contains("has 5 lines, not 9"), "{faults:?}");
    }
}
