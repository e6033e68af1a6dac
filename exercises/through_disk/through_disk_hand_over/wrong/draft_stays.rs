//! Leaves the draft where it is if a step fails.
//! expect: errors FAIL is left

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.draft");
    files.create(&draft)?;
    files.append(&draft, content)?;
    files.sync(&draft)?;
    files.rename(&draft, name)?;
    files.sync_folder()
}
