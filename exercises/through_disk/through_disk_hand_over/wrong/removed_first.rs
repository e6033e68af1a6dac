//! Removes the old file before the new one gets its name.
//! expect: killed FAIL there is no file

/// Puts `content` under `name`.
pub fn hand_over(files: &mut dyn Files, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = format!("{name}.draft");
    files.create(&draft)?;
    files.append(&draft, content)?;
    files.sync(&draft)?;
    // There may be none.
    let _ = files.remove(name);
    files.rename(&draft, name)?;
    files.sync_folder()
}
