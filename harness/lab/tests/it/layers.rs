//! Dependencies point one way: the arrows of `ARCHITECTURE.md`, read from the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use crate::house::checkout;

/// Each crate, with the workspace crates it may depend on, in whatever section of its manifest.
const LAYERS: &[(&str, &[&str])] = &[
    ("record", &[]),
    ("multiprocess", &[]),
    ("harness", &["multiprocess", "record"]),
    ("experiments", &["harness", "multiprocess", "record"]),
    ("plots", &["record"]),
    ("exercises", &["multiprocess"]),
    ("grading", &["exercises", "multiprocess"]),
    ("lab", &["experiments", "grading", "harness", "multiprocess", "plots", "record"]),
];

/// The manifests of a workspace: the root's, and each member's by its folder.
pub(crate) struct Manifests {
    pub(crate) root: Table,
    pub(crate) members: BTreeMap<String, Table>,
}

impl Manifests {
    pub(crate) fn of_checkout() -> Self {
        let read =
            |folder: &Path| std::fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse::<Table>().unwrap();
        let root = read(&checkout());
        let folders = root["workspace"]["members"].as_array().unwrap().iter().map(|member| member.as_str().unwrap());
        let members = folders.map(|folder| (folder.to_owned(), read(&checkout().join(folder)))).collect();
        Self { root, members }
    }
}

fn name(manifest: &Table) -> &str {
    manifest["package"]["name"].as_str().unwrap()
}

/// Every dependency of a manifest, whatever its section, by key.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let found = tables.flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()));
    found.flatten().map(|(key, value)| (key.as_str(), value)).collect()
}

/// The package that a dependency means: it may go by another name here, or in the root.
fn package<'a>(root: &'a Table, key: &'a str, value: &'a Value) -> &'a str {
    let shared = value.get("workspace").and_then(|_| root["workspace"]["dependencies"].get(key));
    let renamed = |value: &'a Value| value.get("package").and_then(Value::as_str);
    renamed(value).or_else(|| shared.and_then(renamed)).unwrap_or(key)
}

/// Everything that is not as the table says, one line each.
fn faults(manifests: &Manifests, layers: &[(&str, &[&str])]) -> Vec<String> {
    let ours: BTreeSet<&str> = manifests.members.values().map(name).collect();
    let mut faults = Vec::new();
    for stale in layers.iter().filter(|(layer, _)| !ours.contains(layer)) {
        faults.push(format!("{} is in the table and not in the workspace", stale.0));
    }
    for manifest in manifests.members.values() {
        let own = name(manifest);
        let Some((_, allowed)) = layers.iter().find(|(layer, _)| *layer == own) else {
            faults.push(format!("{own} is in no layer"));
            continue;
        };
        for (key, value) in dependencies(manifest) {
            let package = package(&manifests.root, key, value);
            if ours.contains(package) && !allowed.contains(&package) {
                faults.push(format!("{own} must not depend on {package}"));
            }
            if value.get("workspace").is_none() {
                faults.push(format!("{own} takes {key} from elsewhere than the workspace's one list"));
            }
        }
    }
    faults
}

#[test]
fn every_crate_depends_only_on_the_layers_below_it() {
    assert_eq!(faults(&Manifests::of_checkout(), LAYERS), Vec::<String>::new());
}

/// A made-up workspace of a `low` and a `high` crate.
fn workspace(low: &str) -> Manifests {
    let root = "workspace.dependencies = { high = { path = 'high' }, alias = { path = 'high', package = 'high' } }";
    let low = format!("package.name = 'low'\n{low}");
    let high = "package.name = 'high'\ndependencies.low.workspace = true";
    let parsed = |text: &str| text.parse::<Table>().unwrap();
    let members = [("low", parsed(&low)), ("high", parsed(high))];
    Manifests { root: parsed(root), members: members.map(|(folder, table)| (folder.to_owned(), table)).into() }
}

const TWO: &[(&str, &[&str])] = &[("low", &[]), ("high", &["low"])];

#[track_caller]
fn check_fault(low: &str, fault: &str) {
    assert_eq!(faults(&workspace(low), TWO), [fault]);
}

#[test]
fn the_check_passes_a_sound_workspace() {
    assert_eq!(faults(&workspace(""), TWO), Vec::<String>::new());
}

#[test]
fn the_check_finds_an_arrow_that_points_upward_in_any_section() {
    for section in ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"] {
        check_fault(&format!("{section}.high.workspace = true"), "low must not depend on high");
    }
}

#[test]
fn the_check_finds_a_dependency_under_another_name() {
    check_fault("dependencies.alias.workspace = true", "low must not depend on high");
}

#[test]
fn the_check_finds_a_dependency_past_the_workspace() {
    check_fault("dependencies.serde = '1'", "low takes serde from elsewhere than the workspace's one list");
}

#[test]
fn the_check_finds_a_crate_without_a_layer_and_a_layer_without_a_crate() {
    let low_alone: &[(&str, &[&str])] = &[("low", &[])];
    assert_eq!(faults(&workspace(""), low_alone), ["high is in no layer"]);
    let three: &[(&str, &[&str])] = &[("low", &[]), ("high", &["low"]), ("gone", &[])];
    assert_eq!(faults(&workspace(""), three), ["gone is in the table and not in the workspace"]);
}
