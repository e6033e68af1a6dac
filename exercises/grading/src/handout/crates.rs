//! Our crates in a workspace of fewer: manifests without what is tested and measured, and a root with what the rest inherits from.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::Table;

use super::lock::Member;
use super::{File, Files, below};

/// Sections that only serve who works on a crate.
const LEFT_OUT: [&str; 4] = ["dev-dependencies", "test", "bench", "example"];

/// A crate to hand out.
pub(crate) struct Crate {
    /// Where it goes.
    pub(crate) place: PathBuf,
    /// Its manifest, without what is left out.
    pub(crate) manifest: String,
}

/// The manifest of our workspace.
pub(crate) struct Root {
    text: String,
}

/// The text in parts: what is above the first section, then each section with its head and the comment above that.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections = vec![(String::new(), String::new())];
    let mut comment = String::new();
    for line in text.lines() {
        let head =
            line.strip_prefix('[').map(|head| head.trim_start_matches('[').split(']').next().unwrap_or("").to_owned());
        if let Some(head) = head {
            sections.push((head, std::mem::take(&mut comment) + line + "\n"));
        } else if line.starts_with('#') || line.is_empty() {
            comment += &format!("{line}\n");
        } else if let Some((_, text)) = sections.last_mut() {
            *text += &(std::mem::take(&mut comment) + line + "\n");
        }
    }
    sections
}

impl Crate {
    /// Reads the manifest of a crate of ours that will go to `place`.
    pub(crate) fn read(root: &Path, folder: &str, place: &str) -> Result<Self> {
        let file = root.join(folder).join("Cargo.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let kept = sections(&text).into_iter().filter(|(head, _)| !LEFT_OUT.contains(&head.as_str()));
        let manifest = kept.map(|(_, text)| text).collect::<String>().trim_start().to_owned();
        Ok(Self { place: place.into(), manifest })
    }

    /// The manifest and everything in the named folders of the crate, by where they go.
    pub(crate) fn files(&self, folder: &Path, parts: &[&str]) -> Result<Files> {
        let mut files = Files::from([(self.place.join("Cargo.toml"), File::from(self.manifest.clone()))]);
        for part in parts {
            let found = below(&folder.join(part))?.into_iter();
            files.extend(found.map(|(path, file)| (self.place.join(part).join(path), file)));
        }
        Ok(files)
    }

    fn table(&self) -> Result<Table> {
        self.manifest.parse().with_context(|| format!("the manifest of {} is none", self.place.display()))
    }

    /// Its name.
    pub(crate) fn name(&self) -> Result<String> {
        let table = self.table()?;
        let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
        Ok(name.with_context(|| format!("{} has no name", self.place.display()))?.to_owned())
    }

    /// What it depends on, by name.
    pub(crate) fn dependencies(&self) -> Result<Vec<String>> {
        let table = self.table()?;
        let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
        Ok(dependencies.map(|table| table.keys().cloned().collect()).unwrap_or_default())
    }
}

impl Root {
    /// Reads the root's manifest of a checkout.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let file = root.join("Cargo.toml");
        Ok(Self { text: fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))? })
    }

    /// The version that all crates of the workspace have.
    pub(crate) fn version(&self) -> Result<String> {
        let table: Table = self.text.parse().context("the workspace's manifest is none")?;
        let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
        let version = package.and_then(|package| package.get("version")).and_then(toml::Value::as_str);
        Ok(version.context("the workspace has no version")?.to_owned())
    }

    /// The lock file's words for `members`.
    pub(crate) fn locked(&self, members: &[Crate]) -> Result<Vec<Member>> {
        let version = self.version()?;
        let locked = members.iter().map(|member| {
            Ok(Member { name: member.name()?, version: version.clone(), dependencies: member.dependencies()? })
        });
        locked.collect()
    }

    /// The root of a workspace of `members` alone.
    pub(crate) fn workspace(&self, members: &[Crate], also: &[&str]) -> Result<String> {
        let places: Vec<String> = members.iter().map(|member| format!("\"{}\"", member.place.display())).collect();
        let mut text = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", places.join(", "));
        let mut used: BTreeSet<String> = also.iter().map(|&name| name.to_owned()).collect();
        for member in members {
            used.extend(member.dependencies()?);
        }
        for (head, section) in sections(&self.text) {
            if head == "workspace.package" || head.starts_with("workspace.lints") {
                write!(text, "\n{}", section.trim_start())?;
            } else if head == "workspace.dependencies" {
                writeln!(text, "\n[workspace.dependencies]")?;
                for name in &used {
                    writeln!(text, "{}", line_of(&section, name, members)?)?;
                }
            }
        }
        Ok(text)
    }

    /// The root of a handout: rustlings' list of programs, a package that depends on `own`, and the workspace.
    pub(super) fn handout(&self, bins: &str, own: &[&str], members: &[Crate]) -> Result<String> {
        let mut text = format!("# The list between the brackets is rustlings' (`rustlings dev update`).\n{bins}\n");
        text += "[package]\nname = \"handout\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n";
        text += "publish = false\nautobins = false\n\n[dependencies]\n";
        for name in own {
            writeln!(text, "{name}.workspace = true")?;
        }
        text += "\n# As the grader has it.\n[lints.rust]\nunsafe_code = \"forbid\"\n\n";
        text += &self.workspace(members, own)?;
        text += "\n# Fast enough to be counted, with little to compile.\n[profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n";
        Ok(text)
    }
}

/// The line of a dependency; the path of one of ours is where it goes.
fn line_of(section: &str, name: &str, members: &[Crate]) -> Result<String> {
    for member in members {
        if member.name()? == name {
            return Ok(format!("{name} = {{ path = \"{}\" }}", member.place.display()));
        }
    }
    let line = section.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" = ")));
    Ok(line.with_context(|| format!("the workspace has no dependency '{name}'"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_goes_with_the_comment_above_it() {
        let text = "[package]\nname = 'a'\n\n# Why.\n[[test]]\nname = 'cases'\n\n# Kept.\n[lints]\nworkspace = true\n";
        let parts = sections(text);
        let heads: Vec<&str> = parts.iter().map(|(head, _)| head.as_str()).collect();
        assert_eq!(heads, ["", "package", "test", "lints"]);
        assert_eq!(parts[2].1, "\n# Why.\n[[test]]\nname = 'cases'\n");
        assert_eq!(parts[3].1, "\n# Kept.\n[lints]\nworkspace = true\n");
    }
}
